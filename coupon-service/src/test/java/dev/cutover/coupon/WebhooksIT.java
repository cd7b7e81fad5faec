package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.AppId;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.token.TokenSecrets;
import dev.cutover.coupon.webhook.Delivery;
import dev.cutover.coupon.webhook.EventType;
import dev.cutover.coupon.webhook.WebhookAddress;
import dev.cutover.coupon.webhook.WebhookRooms;
import dev.cutover.coupon.webhook.WebhookWorker;
import dev.cutover.coupon.webhook.Webhooks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of coupons is told to real listeners, signed, at least once and under one id, whoever is away or dies meanwhile. */
final class WebhooksIT {
    private static final Operator ANN = new Operator("ann");
    private static final AppId OTHER = new AppId(7);
    private static final Duration LATER = Duration.ofHours(2);

    private static SideUnderTest side;
    private static TokenSecrets secrets;
    private static ExecutorService threads;
    private MovableClock clock;
    private UseRig rig;
    private long template;
    private Listener listener;
    private WebhookRooms rooms;

    @BeforeAll
    static void open() throws IOException {
        side = SideUnderTest.open(Side.NEW);
        Path file = Files.createTempFile("webhooks", ".txt");
        file.toFile().deleteOnExit();
        Files.writeString(file, "key " + Base64.getEncoder().encodeToString(new byte[32]) + "\n");
        secrets = TokenSecrets.read(file);
        threads = Executors.newFixedThreadPool(4);
    }

    @AfterAll
    static void close() {
        threads.shutdownNow();
        side.close();
    }

    @BeforeEach
    void listen() throws IOException {
        clock = new MovableClock();
        rig = new UseRig(side, side.roomsWith(clock, Failpoints.NONE));
        template = side.mall().template(1_000, 0);
        listener = new Listener();
        rooms = rooms(Failpoints.NONE);
    }

    @AfterEach
    void hangUp() {
        for (AppId app : List.of(AppId.MALL, OTHER)) {
            rooms.webhooks().of(app).forEach(webhook -> rooms.webhooks().delete(app, webhook.id(), ANN));
        }
        listener.close();
    }

    private WebhookRooms rooms(Failpoints failpoints) {
        return WebhookRooms.of(
                new WebhookRooms.Parts(
                        side.mall().topology,
                        rig.rooms().meta(),
                        rig.rooms().databases(),
                        rig.rooms().feed(side.mall().topology, clock, Failpoints.NONE),
                        // Every template of this test is the mall's.
                        (app, id) -> app.equals(AppId.MALL),
                        secrets,
                        new WebhookAddress(true),
                        clock),
                WebhookWorker.Options.USUAL,
                threads,
                failpoints,
                new SimpleMeterRegistry());
    }

    private record Heard(String id, String timestamp, String signature, String body) {
        JsonNode json() {
            return StoreConformance.json(body);
        }

        String type() {
            return json().path("type").asText();
        }
    }

    /** A real HTTP server on a loopback port that writes down what it is told. */
    private static final class Listener implements AutoCloseable {
        private final HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        private final List<Heard> heard = new CopyOnWriteArrayList<>();
        private volatile int answer = 204;

        Listener() throws IOException {
            server.createContext("/hook", exchange -> {
                String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                heard.add(new Heard(
                        exchange.getRequestHeaders().getFirst("Webhook-Id"),
                        exchange.getRequestHeaders().getFirst("Webhook-Timestamp"),
                        exchange.getRequestHeaders().getFirst("Webhook-Signature"),
                        body));
                exchange.sendResponseHeaders(answer, -1);
                exchange.close();
            });
            server.start();
        }

        URI url() {
            return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/hook");
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }

    /** As the documentation says that a listener does it, with nothing of ours. */
    private static boolean verifies(Heard heard, String secret) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring("whsec_".length())), "HmacSHA256"));
            String expected = "v1,"
                    + Base64.getEncoder()
                            .encodeToString(mac.doFinal((heard.id() + "." + heard.timestamp() + "." + heard.body())
                                    .getBytes(StandardCharsets.UTF_8)));
            return List.of(heard.signature().split(" ", -1)).contains(expected);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private Webhooks.Told create(AppId app, EventType... types) {
        Webhooks.Told told = rooms.webhooks()
                .create(
                        app,
                        listener.url(),
                        types.length == 0 ? EnumSet.allOf(EventType.class) : EnumSet.copyOf(List.of(types)),
                        ANN);
        rooms.worker().feed();
        clock.forward(Duration.ofSeconds(1));
        return told;
    }

    private void tell() {
        rooms.worker().feed();
        rooms.worker().send();
    }

    @Test
    void eachActIsToldOnceInItsOrderSignedToItsOwnerAndToNobodyElse() {
        Webhooks.Told told = create(AppId.MALL, EventType.ISSUED, EventType.REDEEMED);
        create(OTHER);
        long user = rig.user();
        CouponId coupon = rig.coupon(user, template);
        rig.redeem(user, "webhook-1", coupon);
        tell();
        tell();
        assertThat(listener.heard).extracting(Heard::type).containsExactly("coupon.issued", "coupon.redeemed");
        assertThat(listener.heard).allMatch(heard -> verifies(heard, told.secret()));
        Heard redeemed = listener.heard.get(1);
        assertThat(redeemed.json().path("id").asText()).isEqualTo(redeemed.id());
        assertThat(redeemed.json().path("data").path("coupon_id").asText()).isEqualTo(coupon.toString());
        assertThat(redeemed.json().path("data").path("amount_minor").asLong()).isEqualTo(UseRig.SPARED);
        assertThat(verifies(
                        new Heard(
                                redeemed.id(),
                                redeemed.timestamp(),
                                redeemed.signature(),
                                redeemed.body().replace("500", "501")),
                        told.secret()))
                .as("a changed body")
                .isFalse();
    }

    @Test
    void whoIsAwayIsToldEverythingLaterAndHoldsUpNobody() throws IOException {
        create(AppId.MALL, EventType.ISSUED);
        listener.answer = 500;
        List<String> coupons = new ArrayList<>();
        try (Listener well = new Listener()) {
            rooms.webhooks().create(AppId.MALL, well.url(), EnumSet.of(EventType.ISSUED), ANN);
            for (int i = 0; i < 5; i++) {
                coupons.add(rig.coupon(rig.user(), template).toString());
            }
            tell();
            tell();
            assertThat(coupons(well)).containsExactlyInAnyOrderElementsOf(coupons);
            assertThat(well.heard).hasSize(5);
            assertThat(listener.heard).as("one attempt, then it waits").hasSize(1);
            clock.forward(LATER);
            tell();
            assertThat(listener.heard).hasSize(2);
            listener.answer = 204;
            clock.forward(LATER);
            tell();
        }
        assertThat(coupons(listener)).containsExactlyInAnyOrderElementsOf(coupons);
        assertThat(listener.heard.stream().map(Heard::id).distinct())
                .as("by id")
                .hasSize(5);
    }

    private static List<String> coupons(Listener who) {
        return who.heard.stream()
                .map(heard -> heard.json().path("data").path("coupon_id").asText())
                .distinct()
                .toList();
    }

    @Test
    void whatNobodyTakesForADayIsDeadAndSentAgainWhenSomebodyAsks() {
        Webhooks.Told told = create(AppId.MALL, EventType.ISSUED);
        listener.answer = 410;
        rig.coupon(rig.user(), template);
        tell();
        clock.forward(Duration.ofHours(25));
        tell();
        List<Delivery> dead = rooms.webhooks()
                .deliveries(AppId.MALL, told.webhook().id(), Optional.of(Delivery.State.DEAD), Optional.empty(), 10);
        assertThat(dead).hasSize(1);
        assertThat(dead.get(0).error()).isEqualTo("It answered 410");
        clock.forward(LATER);
        tell();
        assertThat(listener.heard).hasSize(2);
        listener.answer = 200;
        assertThat(rooms.webhooks().replay(AppId.MALL, told.webhook().id(), Optional.empty(), ANN))
                .isEqualTo(1);
        tell();
        assertThat(listener.heard).hasSize(3);
        assertThat(rooms.webhooks()
                        .replay(
                                AppId.MALL,
                                told.webhook().id(),
                                Optional.of(dead.get(0).id()),
                                ANN))
                .as("also what was delivered")
                .isEqualTo(1);
        tell();
        assertThat(listener.heard).hasSize(4);
        assertThat(listener.heard.stream().map(Heard::id).distinct()).hasSize(1);
    }

    @Test
    void aNewSecretSignsBesideTheOldOneUntilTheirTimeTogetherIsOver() {
        Webhooks.Told first = create(AppId.MALL, EventType.ISSUED);
        Webhooks.Told second =
                rooms.webhooks().rotate(AppId.MALL, first.webhook().id(), Duration.ofHours(1), ANN);
        assertThat(second.secret()).isNotEqualTo(first.secret());
        rig.coupon(rig.user(), template);
        tell();
        assertThat(listener.heard.get(0)).matches(heard -> verifies(heard, first.secret()));
        assertThat(listener.heard.get(0)).matches(heard -> verifies(heard, second.secret()));
        clock.forward(LATER);
        rig.coupon(rig.user(), template);
        tell();
        assertThat(verifies(listener.heard.get(1), first.secret())).isFalse();
        assertThat(verifies(listener.heard.get(1), second.secret())).isTrue();
    }

    /** Thrown where a process would have died. */
    private static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @Test
    void whoDiesBehindTheAnswerLeavesADeliveryThatComesAgainUnderTheSameId() {
        create(AppId.MALL, EventType.ISSUED);
        rig.coupon(rig.user(), template);
        rooms.worker().feed();
        AtomicInteger deaths = new AtomicInteger();
        rooms(hit -> {
                    if (hit == Failpoint.WEBHOOK_SENT) {
                        deaths.incrementAndGet();
                        throw new Died();
                    }
                })
                .worker()
                .send();
        assertThat(deaths).hasValue(1);
        tell();
        tell();
        assertThat(listener.heard).hasSize(2);
        assertThat(listener.heard.stream().map(Heard::id).collect(Collectors.toSet()))
                .hasSize(1);
    }

    @Test
    void whatWasTakenIsPutAwayAfterAWhileAndWhatWasNotIsKept() {
        Webhooks.Told told = create(AppId.MALL, EventType.ISSUED);
        rig.coupon(rig.user(), template);
        tell();
        listener.answer = 503;
        rig.coupon(rig.user(), template);
        tell();
        assertThat(deliveries(told)).containsExactlyInAnyOrder(Delivery.State.DELIVERED, Delivery.State.WAITING);
        clock.forward(Duration.ofDays(8));
        tell();
        assertThat(deliveries(told)).containsExactly(Delivery.State.DEAD);
    }

    private List<Delivery.State> deliveries(Webhooks.Told told) {
        return rooms
                .webhooks()
                .deliveries(AppId.MALL, told.webhook().id(), Optional.empty(), Optional.empty(), 10)
                .stream()
                .map(Delivery::state)
                .toList();
    }

    @Test
    void whatIsGoneIsNotFoundAndIsToldNothing() {
        Webhooks.Told told = create(AppId.MALL, EventType.ISSUED);
        rig.coupon(rig.user(), template);
        rooms.webhooks().delete(AppId.MALL, told.webhook().id(), ANN);
        tell();
        assertThat(listener.heard).isEmpty();
        assertThat(UseRig.refusal(
                        () -> rooms.webhooks().delete(AppId.MALL, told.webhook().id(), ANN)))
                .contains(Reason.WEBHOOK_NOT_FOUND);
        Webhooks.Told theirs = create(OTHER, EventType.ISSUED);
        assertThat(UseRig.refusal(() ->
                        rooms.webhooks().require(AppId.MALL, theirs.webhook().id())))
                .as("another application's")
                .contains(Reason.WEBHOOK_NOT_FOUND);
    }
}
