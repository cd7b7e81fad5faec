package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.RedisServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.StringCodec;
import org.redisson.config.Config;

/** Templates for some users, over real sockets: what is said of a user in the request, by a service, and in Redis. */
final class AudienceIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final Duration DEADLINE = Duration.ofMillis(300);
    private static final String KNOWN = "{\"tags\":{\"new_user\":\"true\",\"risky\":\"false\"}}";

    private static SmallMall mall;
    private static RedisServer redis;
    private static RedissonClient store;
    private static HttpServer tags;
    private static ExecutorService tagThreads;
    private static CouponService service;

    private static volatile String says = KNOWN;
    private static volatile CountDownLatch hangs = new CountDownLatch(0);
    private static final AtomicInteger ASKED = new AtomicInteger();

    @BeforeAll
    static void open(@TempDir Path directory) throws IOException {
        mall = SmallMall.open();
        mall.moveTruth(Side.NEW);
        redis = RedisServer.start("audience");
        Config config = new Config().setCodec(StringCodec.INSTANCE);
        config.useSingleServer().setAddress(redis.uri()).setConnectionMinimumIdleSize(1);
        store = Redisson.create(config);
        tags = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        tagThreads = Executors.newCachedThreadPool();
        tags.setExecutor(tagThreads);
        tags.createContext("/", AudienceIT::answer);
        tags.start();
        Path book = Files.writeString(
                directory.resolve("tags.json"), """
                {"service": "http://127.0.0.1:%d/tags", "deadline_ms": %d, "tags": [
                  {"name": "region", "source": "context", "consent": true, "unknown": "deny"},
                  {"name": "device", "source": "context", "unknown": "allow"},
                  {"name": "new_user", "source": "service", "unknown": "deny"},
                  {"name": "risky", "source": "service", "unknown": "allow"},
                  {"name": "vip", "source": "store", "max_age_seconds": 60, "unknown": "deny"},
                  {"name": "tier", "source": "store", "max_age_seconds": 60, "unknown": "allow"}]}
                """.formatted(tags.getAddress().getPort(), DEADLINE.toMillis()));
        Path keys = Files.writeString(
                directory.resolve("keys"), "first " + Base64.getEncoder().encodeToString(new byte[32]) + "\n");
        service = CouponService.start(
                mall.plan,
                new CouponService.Options(
                                0,
                                "coupon-audience-it",
                                Optional.of(redis.uri()),
                                Duration.ofSeconds(2),
                                InstantSource.system(),
                                Optional.empty(),
                                Optional.of(keys))
                        .with(book));
    }

    @AfterAll
    static void close() {
        hangs.countDown();
        service.close();
        store.shutdown();
        tags.stop(0);
        tagThreads.shutdownNow();
        redis.close();
        mall.close();
    }

    @BeforeEach
    void theTagServiceAnswers() {
        hangs.countDown();
        says = KNOWN;
    }

    private static void answer(HttpExchange exchange) throws IOException {
        ASKED.incrementAndGet();
        try (exchange) {
            hangs.await();
            byte[] body = says.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private record Reply(int status, JsonNode body, String raw) {
        String code() {
            return body.path("error").path("code").asText();
        }
    }

    private static Reply post(String path, String key, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .headers("Idempotency-Key", key, "X-Operator", "ann@mall")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), JSON.readTree(response.body()), response.body());
        } catch (IOException e) {
            throw new AssertionError(path + " was not answered with JSON", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    private static Reply create(String audience) {
        return post("/v1/templates", key(), """
                {"name": "For some", "discount": {"kind": "STORE", "type": "AMOUNT_OFF", "amount_off_minor": 500,
                 "threshold_minor": 3000, "currency": "CNY"}, "total_quantity": 1000,
                 "validity": {"type": "DAYS", "days": 3}, "audience": "%s"}""".formatted(audience));
    }

    private static String template(String audience) {
        Reply created = create(audience);
        assertThat(created.status()).as(created.raw()).isEqualTo(201);
        assertThat(created.body().path("audience").asText()).isEqualTo(audience);
        String id = created.body().path("id").asText();
        assertThat(post("/v1/templates/" + id + "/publish", key(), "").status()).isEqualTo(200);
        return id;
    }

    private static Reply claim(String template, long user, String context, String key) {
        return post(
                "/v1/claims",
                key,
                "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"" + template + "\"}],\"context\":" + context
                        + "}");
    }

    private static void assertDetails(Reply reply, String details) {
        assertThat(reply.status()).as(reply.raw()).isEqualTo(422);
        assertThat(reply.code()).isEqualTo("audience_not_matched");
        // Those of a claim say of which of its templates they are.
        String told = reply.body().path("error").path("details").toString();
        assertThat(told.replaceAll("\"template_id\":\"tpl_[0-9]+\",\"code\":\"audience_not_matched\",", ""))
                .isEqualTo(details);
    }

    private static void stored(long user, Instant asOf, String... fields) {
        var hash = store.<String, String>getMap("tags:{" + user + "}", StringCodec.INSTANCE);
        hash.put("as_of", Long.toString(asOf.toEpochMilli()));
        for (int i = 0; i < fields.length; i += 2) {
            hash.put(fields[i], fields[i + 1]);
        }
    }

    @Test
    void anAudienceThatCannotBeReadIsRefusedWithItsPlace() {
        Reply reply = create("vip AND (region=east OR");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body().path("error").path("details").toString())
                .isEqualTo("[{\"param\":\"audience\",\"message\":"
                        + "\"At character 24: expected a tag, NOT or '(', found the end.\"}]");
        assertThat(create("vip OR vpi").raw()).contains("At character 8: there is no tag 'vpi', known are");
    }

    @Test
    void whatTheRequestSaysCountsOnceTheUserHasAgreed() {
        String template = template("region=east AND NOT device=kiosk");
        long user = mall.user();
        assertDetails(
                claim(template, user, "{\"region\":\"east\"}", key()),
                "[{\"tag\":\"region=east\",\"wanted\":\"yes\",\"found\":\"unknown\","
                        + "\"because\":\"the user has not agreed to it\"}]");
        assertDetails(
                claim(template, user, "{\"region\":\"west\",\"device\":\"kiosk\",\"consent\":\"region\"}", key()),
                "[{\"tag\":\"region=east\",\"wanted\":\"yes\",\"found\":\"no\"},"
                        + "{\"tag\":\"device=kiosk\",\"wanted\":\"no\",\"found\":\"yes\"}]");
        String key = key();
        assertThat(claim(template, user, "{\"region\":\"east\",\"consent\":\"region, device\"}", key)
                        .status())
                .isEqualTo(201);
        // Asked again from somewhere else: what was given stays given.
        assertThat(claim(template, user, "{}", key).status()).isEqualTo(200);
        // In a batch the others are had without it.
        long open = mall.template(10, 0);
        Reply partial = post(
                "/v1/claims",
                key(),
                "{\"user_id\":" + user + ",\"mode\":\"partial\",\"items\":[{\"template_id\":\"" + template
                        + "\"},{\"template_id\":\"tpl_" + open + "\"}]}");
        assertThat(partial.status()).as(partial.raw()).isEqualTo(201);
        assertThat(partial.body().path("items").path(0).path("refused").asText())
                .isEqualTo("audience_not_matched");
        assertThat(partial.body().path("coupons")).hasSize(1);
    }

    @Test
    void whatTheStoreKnowsIsGoodForAsLongAsTheTagSays() {
        String template = template("vip AND (tier=gold OR NOT tier=none)");
        long user = mall.user();
        Awaitility.await()
                .untilAsserted(() -> assertDetails(
                        claim(template, user, "{}", key()),
                        "[{\"tag\":\"vip\",\"wanted\":\"yes\",\"found\":\"unknown\","
                                + "\"because\":\"the store does not know the user\"}]"));
        stored(user, Instant.now().minusSeconds(61), "vip", "true", "tier", "none");
        assertDetails(
                claim(template, user, "{}", key()),
                "[{\"tag\":\"vip\",\"wanted\":\"yes\",\"found\":\"unknown\","
                        + "\"because\":\"what the store knows is too old\"}]");
        stored(user, Instant.now().minusSeconds(30), "vip", "true", "tier", "none");
        assertDetails(
                claim(template, user, "{}", key()),
                "[{\"tag\":\"tier=gold\",\"wanted\":\"yes\",\"found\":\"no\"},"
                        + "{\"tag\":\"tier=none\",\"wanted\":\"no\",\"found\":\"yes\"}]");
        stored(user, Instant.now(), "tier", "gold");
        assertThat(claim(template, user, "{}", key()).status()).isEqualTo(201);
    }

    @Test
    void aCodeOfATemplateIsForItsAudienceAndStaysGoodForIt() {
        String template = template("device=phone");
        String batch = post(
                        "/v1/code_batches",
                        key(),
                        "{\"batch_no\":\"" + key() + "\",\"template_id\":\"" + template + "\",\"count\":1}")
                .body()
                .path("id")
                .asText();
        String code = Awaitility.await()
                .until(() -> exported(batch), text -> text.startsWith("code\n"))
                .lines()
                .skip(1)
                .findFirst()
                .orElseThrow();
        String body = "{\"user_id\":" + mall.user() + ",\"code\":\"" + code + "\",\"context\":{\"device\":\"%s\"}}";
        assertThat(post("/v1/codes/validate", key(), body.formatted("kiosk")).code())
                .isEqualTo("audience_not_matched");
        assertThat(post("/v1/codes/redeem", key(), body.formatted("kiosk")).code())
                .isEqualTo("audience_not_matched");
        assertThat(post("/v1/codes/redeem", key(), body.formatted("phone")).status())
                .isEqualTo(201);
        // Nobody is asked for one user after the other here.
        assertThat(post(
                                "/v1/issuances",
                                key(),
                                "{\"issuance_no\":\"" + key() + "\",\"template_id\":\"" + template
                                        + "\",\"audience\":{\"user_ids\":[7]}}")
                        .code())
                .isEqualTo("template_not_issuable");
    }

    private static String exported(String batch) throws IOException, InterruptedException {
        return CLIENT.send(
                        HttpRequest.newBuilder(URI.create(
                                        "http://127.0.0.1:" + service.port() + "/v1/code_batches/" + batch + "/export"))
                                .header("X-Operator", "ann@mall")
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void aTagServiceThatHangsCostsItsDeadlineUntilNobodyAsksItAnyMore() {
        String denying = template("new_user");
        String allowing = template("NOT risky");
        // Its first answers may take longer than anybody waits.
        Awaitility.await().until(() -> claim(denying, mall.user(), "{}", key()).status() == 201);
        says = "{\"tags\":{\"new_user\":\"false\",\"risky\":\"true\"}}";
        assertDetails(
                claim(allowing, mall.user(), "{}", key()), "[{\"tag\":\"risky\",\"wanted\":\"no\",\"found\":\"yes\"}]");

        hangs = new CountDownLatch(1);
        long began = System.nanoTime();
        assertDetails(
                claim(denying, mall.user(), "{}", key()),
                "[{\"tag\":\"new_user\",\"wanted\":\"yes\",\"found\":\"unknown\","
                        + "\"because\":\"the service of tags did not answer\"}]");
        assertThat(Duration.ofNanos(System.nanoTime() - began))
                .isBetween(DEADLINE, DEADLINE.plus(Duration.ofMillis(600)));
        for (int i = 0; i < 20; i++) {
            assertThat(claim(allowing, mall.user(), "{}", key()).status()).isEqualTo(201);
        }
        int asked = ASKED.get();
        assertThat(asked).isLessThan(20);
        began = System.nanoTime();
        assertThat(claim(denying, mall.user(), "{}", key()).raw()).contains("is not asked after its failures");
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(DEADLINE);
        assertThat(ASKED.get()).isEqualTo(asked);

        // It is tried again after a while, and then it is as before.
        hangs.countDown();
        says = KNOWN;
        Awaitility.await()
                .atMost(Duration.ofSeconds(12))
                .untilAsserted(() -> assertThat(
                                claim(denying, mall.user(), "{}", key()).status())
                        .isEqualTo(201));
    }
}
