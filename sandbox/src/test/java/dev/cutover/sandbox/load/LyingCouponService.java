package dev.cutover.sandbox.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A coupon service in memory that tells exactly the lies it was asked to tell. Safe for many threads. */
final class LyingCouponService implements AutoCloseable {
    enum Lie {
        LOSES_CLAIMS,
        LOSES_REDEMPTIONS,
        LOSES_REFUNDS,
        FORGETS_KEYS,
        ANSWERS_500_AFTER_THE_WRITE,
        DROPS_CONNECTIONS_AFTER_THE_WRITE,
        ALWAYS_500,
        SPENDS_TWICE,
        SHOWS_COUPONS_TWICE,
        GIVES_ONE_COUPON_TO_TWO,
        REFUSES_WITHOUT_REASON
    }

    static final class Coupon {
        final long id;
        final long user;
        final int template;
        String status = "AVAILABLE";

        Coupon(long id, long user, int template) {
            this.id = id;
            this.user = user;
            this.template = template;
        }
    }

    static final class Redemption {
        final long id;
        final Coupon coupon;
        final String orderNo;

        @Nullable
        String refundNo;

        Redemption(long id, Coupon coupon, String orderNo) {
            this.id = id;
            this.coupon = coupon;
            this.orderNo = orderNo;
        }
    }

    private record Reply(int status, String body) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int EVERY = 7;

    final Map<Long, Coupon> coupons = new LinkedHashMap<>();
    final Map<Long, Redemption> redemptions = new LinkedHashMap<>();
    private final Set<Lie> lies = EnumSet.noneOf(Lie.class);
    private final Map<String, Reply> answered = new HashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final ExecutorService threads = Executors.newFixedThreadPool(16);
    private final HttpServer server;
    private final int slots;
    private final int hotTemplate;
    private int hotLeft;
    private int writes;
    private long lastId;

    LyingCouponService(int slots, int hotTemplate, int hotStock, Lie... lies) throws IOException {
        this.slots = slots;
        this.hotTemplate = hotTemplate;
        this.hotLeft = hotStock;
        this.lies.addAll(List.of(lies));
        // The JDK's server otherwise waits 40 ms for an acknowledgement between headers and body.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Nobody is answered meanwhile; who asks, waits. */
    void whileClosed(Runnable meanwhile) {
        lock.lock();
        try {
            meanwhile.run();
        } finally {
            lock.unlock();
        }
    }

    /** A coupon nobody claimed through the API. */
    void give(long user, int template) {
        lock.lock();
        try {
            store(user, template);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void handle(HttpExchange exchange) throws IOException {
        boolean write = exchange.getRequestMethod().equals("POST");
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Reply reply;
        boolean unlucky;
        lock.lock();
        try {
            unlucky = write && ++writes % EVERY == 0;
            reply = write ? once(exchange, body, unlucky) : read(exchange.getRequestURI());
        } finally {
            lock.unlock();
        }
        if (unlucky && lies.contains(Lie.DROPS_CONNECTIONS_AFTER_THE_WRITE)) {
            exchange.close();
            return;
        }
        if (lies.contains(Lie.ALWAYS_500) || unlucky && lies.contains(Lie.ANSWERS_500_AFTER_THE_WRITE)) {
            reply = error(500, "internal_error");
        }
        byte[] bytes = reply.body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(reply.status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private Reply once(HttpExchange exchange, String body, boolean unlucky) {
        String key = String.valueOf(exchange.getRequestHeaders().getFirst("Idempotency-Key"));
        Reply before = lies.contains(Lie.FORGETS_KEYS) ? null : answered.get(key);
        if (before != null) {
            return before;
        }
        Reply reply = write(exchange.getRequestURI().getPath(), parse(body), unlucky);
        answered.put(key, reply);
        return reply;
    }

    private Reply write(String path, JsonNode request, boolean unlucky) {
        if (unlucky && lies.contains(Lie.REFUSES_WITHOUT_REASON)) {
            return error(422, "claim_ended");
        }
        if (path.equals("/v1/claims")) {
            return claim(request, unlucky);
        }
        if (path.equals("/v1/redemptions")) {
            return redeem(request, unlucky);
        }
        return refund(Routes.number(path.split("/", -1)[3]), request, unlucky);
    }

    private Reply claim(JsonNode request, boolean unlucky) {
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode given = answer.putArray("coupons");
        JsonNode item = request.path("items").path(0);
        int template = Integer.parseInt(item.path("template_id").asText().substring(4));
        long user = request.path("user_id").asLong();
        for (int n = item.path("quantity").asInt(); n > 0; n--) {
            if (template == hotTemplate && hotLeft-- <= 0) {
                return error(409, "sold_out");
            }
            Coupon coupon = unlucky && lies.contains(Lie.GIVES_ONE_COUPON_TO_TWO) && !coupons.isEmpty()
                    ? coupons.values().iterator().next()
                    : store(user, template);
            given.add(json(coupon, template));
            if (unlucky && lies.contains(Lie.LOSES_CLAIMS)) {
                coupons.remove(coupon.id);
            }
        }
        return new Reply(201, answer.toString());
    }

    private Reply redeem(JsonNode request, boolean unlucky) {
        Coupon coupon =
                coupons.get(Routes.number(request.path("coupon_ids").path(0).asText()));
        if (coupon == null) {
            return error(404, "coupon_not_found");
        }
        if (coupon.status.equals("USED") && !lies.contains(Lie.SPENDS_TWICE)) {
            return error(409, "coupon_already_used");
        }
        Redemption redemption = new Redemption(
                ++lastId << 10 | Routes.slot(coupon.user, slots),
                coupon,
                request.path("order_no").asText());
        if (!(unlucky && lies.contains(Lie.LOSES_REDEMPTIONS))) {
            coupon.status = "USED";
            redemptions.put(redemption.id, redemption);
        }
        ObjectNode answer = JSON.createObjectNode();
        answer.putArray("redemptions")
                .addObject()
                .put("id", "rdm_" + redemption.id)
                .put("coupon_id", "cpn_" + coupon.id);
        return new Reply(201, answer.toString());
    }

    private Reply refund(long id, JsonNode request, boolean unlucky) {
        Redemption redemption = redemptions.get(id);
        if (redemption == null) {
            return error(404, "redemption_not_found");
        }
        if (redemption.refundNo != null) {
            return error(409, "already_refunded");
        }
        if (!(unlucky && lies.contains(Lie.LOSES_REFUNDS))) {
            redemption.refundNo = request.path("refund_no").asText();
            redemption.coupon.status = "AVAILABLE";
        }
        return new Reply(201, "{\"id\":\"rfd_" + id + "\"}");
    }

    private Reply read(URI uri) {
        String[] path = uri.getPath().split("/", -1);
        if (path[2].equals("templates")) {
            return new Reply(200, "{\"id\":\"" + path[3] + "\"}");
        }
        ObjectNode answer = JSON.createObjectNode().put("object", "list");
        ArrayNode data = answer.putArray("data");
        long user = Long.parseLong(path[3]);
        String after = uri.getQuery().contains("starting_after=")
                ? uri.getQuery().replaceAll(".*starting_after=", "")
                : "cpn_0";
        boolean more = false;
        for (Coupon coupon : coupons.values()) {
            if (coupon.user == user && coupon.id > Routes.number(after)) {
                if (data.size() == 100) {
                    more = true;
                    break;
                }
                data.add(json(coupon, coupon.template));
                if (lies.contains(Lie.SHOWS_COUPONS_TWICE)) {
                    data.add(json(coupon, coupon.template));
                }
            }
        }
        answer.put("has_more", more);
        return new Reply(200, answer.toString());
    }

    private Coupon store(long user, int template) {
        Coupon coupon = new Coupon(++lastId << 10 | Routes.slot(user, slots), user, template);
        coupons.put(coupon.id, coupon);
        return coupon;
    }

    private static ObjectNode json(Coupon coupon, int template) {
        return JSON.createObjectNode()
                .put("id", "cpn_" + coupon.id)
                .put("template_id", "tpl_" + template)
                .put("status", coupon.status);
    }

    private static Reply error(int status, String code) {
        return new Reply(status, "{\"error\":{\"code\":\"" + code + "\"}}");
    }

    private static JsonNode parse(String body) {
        try {
            return JSON.readTree(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
