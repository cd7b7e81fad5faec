package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.detail.RedisClusterIT;
import dev.cutover.coupon.http.TrustedProxies;
import dev.cutover.coupon.stock.StockStrategy;
import dev.cutover.sandbox.RedisServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Everything of an instance that lives in Redis (lock, counter of stock, details, what users have) loses its master under load. */
final class RedisFailoverIT {
    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final int TOTAL = 1_500;
    private static final int CLIENTS = 6;

    private final HttpClient client = HttpClient.newHttpClient();
    private final Queue<Long> nanos = new ConcurrentLinkedQueue<>();
    private final AtomicInteger claims = new AtomicInteger();
    private final Set<String> refused = ConcurrentHashMap.newKeySet();
    private final Map<Long, String> given = new ConcurrentHashMap<>();

    private HttpResponse<String> send(CouponService service, String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .header("Idempotency-Key", UseRig.key())
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(request + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static CouponService service(SmallMall mall, String redis) {
        return CouponService.start(
                mall.plan,
                new CouponService.Options(
                        0,
                        "failover-it",
                        Optional.of(redis),
                        Duration.ofSeconds(5),
                        InstantSource.system(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        StockStrategy.REDIS,
                        Optional.empty(),
                        false,
                        TrustedProxies.NONE,
                        Map.of(),
                        Optional.empty(),
                        false,
                        Optional.of(redis),
                        List.of()));
    }

    @Test
    void aMasterThatDiesUnderLoadBreaksNoInvariantAndIsFollowedWithinSeconds()
            throws ExecutionException, InterruptedException {
        try (SmallMall mall = SmallMall.open();
                RedisServer master = RedisServer.start("failover-master");
                RedisServer replica = RedisServer.start(
                        "failover-replica", 0, "--replicaof", "127.0.0.1", Integer.toString(master.port()));
                RedisServer sentinel = RedisServer.sentinel("failover-sentinel", "mall", master.port())) {
            mall.moveTruth(Side.NEW);
            long template = mall.template(TOTAL, 0);
            Awaitility.await()
                    .atMost(BOUND)
                    .until(() -> RedisClusterIT.ask(sentinel, "SENTINEL REPLICAS mall")
                            .contains(Integer.toString(replica.port())));
            try (CouponService service = service(mall, "redis+sentinel://127.0.0.1:" + sentinel.port() + "/mall")) {
                run(mall, service, template, master);
                Awaitility.await()
                        .atMost(BOUND)
                        .untilAsserted(() -> given.keySet()
                                .forEach(user -> assertThat(available(service, user, "?status=AVAILABLE&limit=100"))
                                        .isEqualTo(available(service, user, "?limit=100"))));
            }
            assertThat(CouponInvariants.violated(mall)).isEmpty();
            assertThat(refused).as("refusals").isSubsetOf("sold_out");
            given.forEach((user, coupon) -> assertThat(coupon).isNotEmpty());
            long issued = 0;
            for (DatabaseId shard : mall.plan.shardDatabases()) {
                issued += mall.number(
                        shard, "SELECT COUNT(*) FROM coupon_ledger WHERE act = 1 AND template_id = ?", template);
            }
            assertThat(issued).isEqualTo(given.size()).isLessThanOrEqualTo(TOTAL);
        }
    }

    private void run(SmallMall mall, CouponService service, long template, RedisServer master)
            throws ExecutionException, InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        List<Future<?>> clients = new ArrayList<>();
        try {
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(threads.submit(() -> {
                    while (!over.get()) {
                        shop(mall, service, template);
                    }
                }));
            }
            Awaitility.await().atMost(BOUND).until(() -> hits(service) > 100 && claims.get() > 200);
            nanos.clear();
            master.kill();
            long begun = System.nanoTime();
            double before = hits(service);
            // Until another master is there nothing is found in Redis.
            Awaitility.await().atMost(BOUND).until(() -> hits(service) > before + 20);
            long recovered = System.nanoTime() - begun;
            int until = claims.get() + 100;
            Awaitility.await().atMost(BOUND).until(() -> claims.get() >= until || !refused.isEmpty());
            over.set(true);
            for (Future<?> one : clients) {
                one.get();
            }
            List<Long> sorted = nanos.stream().sorted().toList();
            System.out.printf(
                    "failover: found in Redis again behind %d ms; meanwhile and behind it %d claims, p50 %d, p99 %d, longest %d ms%n",
                    recovered / 1_000_000,
                    sorted.size(),
                    sorted.get(sorted.size() / 2) / 1_000_000,
                    sorted.get(sorted.size() * 99 / 100) / 1_000_000,
                    sorted.get(sorted.size() - 1) / 1_000_000);
        } finally {
            over.set(true);
            threads.shutdownNow();
        }
    }

    private void shop(SmallMall mall, CouponService service, long template) {
        long user = mall.user();
        long begun = System.nanoTime();
        HttpResponse<String> claimed = send(
                service,
                "POST",
                "/v1/claims",
                "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"tpl_" + template + "\"}]}");
        nanos.add(System.nanoTime() - begun);
        JsonNode body = StoreConformance.json(claimed.body());
        if (claimed.statusCode() != 201) {
            refused.add(body.at("/error/code").asText());
            return;
        }
        String coupon = body.at("/coupons/0/id").asText();
        given.put(user, coupon);
        claims.incrementAndGet();
        var unused = available(service, user, "?status=AVAILABLE&limit=100");
        if (user % 2 == 0) {
            HttpResponse<String> redeemed = send(
                    service,
                    "POST",
                    "/v1/redemptions",
                    "{\"user_id\":" + user + ",\"order_no\":\"o-" + user + "\",\"coupon_ids\":[\"" + coupon
                            + "\"],\"order\":{\"amount_minor\":5000}}");
            assertThat(redeemed.statusCode()).as(redeemed.body()).isEqualTo(201);
        }
        var alsoUnused = available(service, user, "?status=AVAILABLE&limit=100");
    }

    private Set<String> available(CouponService service, long user, String query) {
        Set<String> ids = new TreeSet<>();
        StoreConformance.json(send(service, "GET", "/v1/users/" + user + "/coupons" + query, "")
                        .body())
                .path("data")
                .forEach(coupon -> {
                    if (coupon.path("status").asText().equals("AVAILABLE")) {
                        ids.add(coupon.path("id").asText());
                    }
                });
        return ids;
    }

    private double hits(CouponService service) {
        return send(service, "GET", "/metrics", "")
                .body()
                .lines()
                .filter(line -> line.startsWith("coupon_user_cache_total{outcome=\"hit\"}"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
