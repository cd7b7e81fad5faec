package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.RedisServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A whole instance over real sockets, with Redis, through a switch and back. */
final class HttpApiIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final Duration BUDGET = Duration.ofMillis(800);

    private static SmallMall mall;
    private static RedisServer redis;
    private static CouponService service;

    @BeforeAll
    static void open() {
        mall = SmallMall.open();
        redis = RedisServer.start("coupon");
        service = CouponService.start(
                mall.plan,
                new CouponService.Options(
                        0, "coupon-http-it", Optional.of(redis.uri()), BUDGET, InstantSource.system()));
    }

    @AfterAll
    static void close() {
        service.close();
        redis.close();
        mall.close();
    }

    private record Reply(int status, JsonNode body, HttpResponse<String> raw) {
        String code() {
            return body.path("error").path("code").asText();
        }

        String param() {
            return body.path("error").path("param").asText();
        }
    }

    private static Reply get(String path) {
        return send(request(path).GET().build());
    }

    private static Reply post(String path, String key, String body) {
        return send(request(path)
                .header("Idempotency-Key", key)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path));
    }

    private static Reply send(HttpRequest request) {
        try {
            HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), JSON.readTree(response.body()), response);
        } catch (IOException e) {
            throw new AssertionError(request + " was not answered with JSON", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    private static Reply claim(long user, long template, int quantity, String key) {
        return post("/v1/claims", key, claimBody(user, template, quantity));
    }

    private static String claimBody(long user, long template, int quantity) {
        return "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"tpl_" + template + "\",\"quantity\":" + quantity
                + "}]}";
    }

    private static Reply redeem(long user, String coupon, String order) {
        return post(
                "/v1/redemptions",
                key(),
                "{\"user_id\":" + user + ",\"order_no\":\"" + order + "\",\"coupon_ids\":[\"" + coupon
                        + "\"],\"order\":{\"amount_minor\":5000}}");
    }

    @Test
    void aTemplateIsShown() {
        long template = mall.template(10, 2);
        Reply reply = get("/v1/templates/tpl_" + template);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body().toString())
                .isEqualTo("{\"object\":\"template\",\"id\":\"tpl_" + template + "\",\"name\":\"满减\",\"discount\":"
                        + "{\"kind\":\"STORE\",\"type\":\"AMOUNT_OFF\",\"amount_off_minor\":500,\"percent_off_bp\":null,"
                        + "\"cap_minor\":null,"
                        + "\"threshold_minor\":3000,\"currency\":\"CNY\"},\"total_quantity\":10,\"per_user_limit\":2,"
                        + "\"daily_limit\":null,\"claim_from\":null,\"claim_to\":null,"
                        + "\"validity\":{\"type\":\"DAYS\",\"days\":3,\"valid_from\":null,\"valid_to\":null},"
                        + "\"scope\":\"ALL\",\"refund_policy\":\"RESTORE_IF_VALID\",\"extend_days\":null,"
                        + "\"stack_group\":null,\"stackable\":true,\"audience\":null,\"budget\":null,\"biz_type\":null,\"metadata\":{},"
                        + "\"status\":\"PUBLISHED\",\"version\":0,\"rule_version\":1,"
                        + "\"created_at\":\"2026-01-01T19:04:05Z\",\"updated_at\":null}");
    }

    @Test
    void aCouponLivesFromClaimToRefund() {
        long user = mall.user();
        long template = mall.template(10, 2);
        String key = key();
        Reply claimed = claim(user, template, 1, key);
        assertThat(claimed.status()).isEqualTo(201);
        assertThat(claimed.raw().headers().firstValue("idempotent-replayed")).isEmpty();
        Reply again = claim(user, template, 1, key);
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.raw().headers().firstValue("idempotent-replayed")).contains("true");
        assertThat(again.raw().body()).isEqualTo(claimed.raw().body());
        assertThat(get("/v1/claims/" + key + "?user_id=" + user).raw().body())
                .isEqualTo(claimed.raw().body());
        String coupon = claimed.body().path("coupons").get(0).path("id").asText();

        Reply used = redeem(user, coupon, "order-1");
        assertThat(used.status()).isEqualTo(201);
        assertThat(redeem(user, coupon, "order-2").code()).isEqualTo("coupon_already_used");
        String redemption = used.body().path("redemptions").get(0).path("id").asText();
        Reply refunded = post("/v1/redemptions/" + redemption + "/refunds", key(), "{\"refund_no\":\"r-1\"}");
        assertThat(refunded.status()).isEqualTo(201);
        assertThat(refunded.body().path("coupon_restored").asBoolean()).isTrue();
        Reply twice = post("/v1/redemptions/" + redemption + "/refunds", key(), "{\"refund_no\":\"r-2\"}");
        assertThat(twice.status()).isEqualTo(409);
        assertThat(twice.code()).isEqualTo("already_refunded");

        Reply one = get("/v1/coupons/" + coupon);
        assertThat(one.body().path("status").asText()).isEqualTo("AVAILABLE");
        Reply page = get("/v1/users/" + user + "/coupons?limit=1&status=AVAILABLE");
        assertThat(page.body().path("data").get(0)).isEqualTo(one.body());
        assertThat(page.body().path("has_more").asBoolean()).isFalse();
    }

    @Test
    void refusalsCarryTheirCode() {
        long user = mall.user();
        long template = mall.template(3, 2);
        claim(user, template, 2, "same-key");
        Reply reused = claim(user, template, 1, "same-key");
        assertThat(reused.status()).isEqualTo(422);
        assertThat(reused.code()).isEqualTo("idempotency_key_reused");
        Reply limit = claim(user, template, 1, key());
        assertThat(limit.status()).isEqualTo(409);
        assertThat(limit.code()).isEqualTo("per_user_limit_reached");
        assertThat(limit.param()).isEqualTo("items[0].template_id");
        assertThat(limit.body().path("error").path("retryable").asBoolean()).isFalse();
        assertThat(claim(mall.user(), template, 2, key()).code()).isEqualTo("sold_out");
        assertThat(claim(user, mall.template(3, 2, Map.of("status", 2)), 1, key())
                        .code())
                .isEqualTo("claim_ended");
        assertThat(claim(user, 987_654, 1, key()).status()).isEqualTo(404);
        assertThat(get("/v1/templates/tpl_987654").code()).isEqualTo("template_not_found");
        assertThat(get("/v1/templates/what").code()).isEqualTo("template_not_found");
        assertThat(get("/v1/coupons/cpn_1").code()).isEqualTo("coupon_not_found");
        assertThat(get("/v1/claims/nothing?user_id=" + user).code()).isEqualTo("claim_not_found");
        assertThat(redeem(user, "cpn_1", "o").code()).isEqualTo("coupon_not_found");
        assertThat(post("/v1/redemptions/rdm_1/refunds", key(), "{\"refund_no\":\"r\"}")
                        .code())
                .isEqualTo("redemption_not_found");
    }

    @Test
    void whatIsMalformedIsNamed() {
        long user = mall.user();
        long template = mall.template(3, 0);
        assertInvalid(post("/v1/claims", key(), "{"), "parameter_invalid", "body");
        assertInvalid(post("/v1/claims", key(), "[]"), "parameter_invalid", "body");
        assertInvalid(post("/v1/claims", key(), "{\"items\":[]}"), "parameter_missing", "user_id");
        assertInvalid(post("/v1/claims", key(), "{\"user_id\":\"7\",\"items\":[]}"), "parameter_invalid", "user_id");
        assertInvalid(post("/v1/claims", key(), "{\"user_id\":7,\"items\":[]}"), "parameter_invalid", "items");
        assertInvalid(post("/v1/claims", key(), "{\"user_id\":7,\"item\":[]}"), "parameter_unknown", "item");
        assertInvalid(
                post("/v1/claims", key(), "{\"user_id\":7,\"items\":[{\"quantity\":1}]}"),
                "parameter_missing",
                "items[0].template_id");
        assertInvalid(claim(user, template, 0, key()), "parameter_invalid", "items[0].quantity");
        assertInvalid(claim(user, template, 21, key()), "batch_limit_exceeded", "items[0].quantity");
        String one = "{\"template_id\":\"tpl_" + template + "\",\"quantity\":11}";
        assertInvalid(
                post("/v1/claims", key(), "{\"user_id\":7,\"items\":[" + one + "," + one + "]}"),
                "batch_limit_exceeded",
                "items[1].quantity");
        String twice = "{\"template_id\":\"tpl_" + template + "\"}";
        assertInvalid(
                post("/v1/claims", key(), "{\"user_id\":7,\"items\":[" + twice + "," + twice + "]}"),
                "parameter_invalid",
                "items[1].template_id");
        assertInvalid(
                post("/v1/claims", key(), "{\"user_id\":7,\"mode\":\"some\",\"items\":[" + twice + "]}"),
                "parameter_invalid",
                "mode");
        String eleven = IntStream.rangeClosed(1, 11)
                .mapToObj(i -> "{\"template_id\":\"tpl_" + i + "\"}")
                .collect(Collectors.joining(","));
        assertInvalid(
                post("/v1/claims", key(), "{\"user_id\":7,\"items\":[" + eleven + "]}"),
                "batch_limit_exceeded",
                "items");
        assertInvalid(claim(3_000_000_000L, template, 1, key()), "parameter_invalid", "user_id");
        assertInvalid(claim(user, template, 1, "with space"), "parameter_invalid", "Idempotency-Key");
        assertInvalid(
                send(request("/v1/claims")
                        .POST(HttpRequest.BodyPublishers.ofString(claimBody(user, template, 1)))
                        .build()),
                "idempotency_key_missing",
                "Idempotency-Key");
        assertInvalid(get("/v1/users/x/coupons"), "parameter_invalid", "user_id");
        assertInvalid(get("/v1/users/7/coupons?limit=101"), "parameter_invalid", "limit");
        assertInvalid(get("/v1/users/7/coupons?limit=x"), "parameter_invalid", "limit");
        assertInvalid(get("/v1/users/7/coupons?status=LOST"), "parameter_invalid", "status");
        assertInvalid(get("/v1/users/7/coupons?starting_after=cpn_x"), "cursor_invalid", "starting_after");
        assertInvalid(get("/v1/users/7/coupons?page=2"), "parameter_unknown", "page");
        assertInvalid(post("/v1/claims?mode=all", key(), claimBody(user, template, 1)), "parameter_unknown", "mode");
        assertInvalid(post("/v1/holds?ttl=5", key(), "{}"), "parameter_unknown", "ttl");
        assertInvalid(get("/v1/claims/k"), "parameter_missing", "user_id");
        String claim = claimBody(user, template, 1).replace("{\"user_id", "{%s,\"user_id");
        assertInvalid(
                post("/v1/claims", key(), claim.formatted("\"channel\":\"App\"")), "parameter_invalid", "channel");
        assertInvalid(
                post("/v1/claims", key(), claim.formatted("\"partner_id\":\"p\"")), "parameter_missing", "channel");
        assertInvalid(redeem(user, "cpn_1", "o o"), "parameter_invalid", "order_no");
        assertInvalid(redeem(user, "cpn_1\",\"cpn_1", "o"), "parameter_invalid", "coupon_ids");
        assertThat(mall.issued(Side.OLD, template)).isZero();
    }

    private static void assertInvalid(Reply reply, String code, String param) {
        assertThat(reply.status()).as(reply.raw().body()).isEqualTo(400);
        assertThat(reply.code()).as(reply.raw().body()).isEqualTo(code);
        assertThat(reply.param()).as(reply.raw().body()).isEqualTo(param);
    }

    @Test
    void eachAnswerHasARequestIdAlsoWhereNothingIs() {
        Reply given =
                send(request("/v1/nothing").header("Request-Id", "mine-7").GET().build());
        assertThat(given.status()).isEqualTo(404);
        assertThat(given.code()).isEqualTo("route_not_found");
        assertThat(given.raw().headers().firstValue("request-id")).contains("mine-7");
        assertThat(given.body().path("error").path("request_id").asText()).isEqualTo("mine-7");
        assertThat(get("/healthz").raw().headers().firstValue("request-id"))
                .hasValueSatisfying(id -> assertThat(id).startsWith("req_"));
        assertThat(post("/v1/coupons/cpn_1", key(), "{}").code()).isEqualTo("method_not_allowed");
        assertThat(post("/v1/claims", key(), "x".repeat(100_000)).code()).isEqualTo("body_too_large");
    }

    @Test
    void operatorsSeeTheStateOfTheInstance() throws IOException, InterruptedException {
        assertThat(get("/healthz").status()).isEqualTo(200);
        assertThat(get("/readyz").status()).isEqualTo(200);
        JsonNode migration = get("/v1/migration").body();
        assertThat(migration.path("truth").asText()).isEqualTo("OLD");
        assertThat(migration.path("mode").asText()).isEqualTo("SINGLE_OLD");
        assertThat(migration.path("register_version").asLong()).isPositive();
        HttpResponse<String> metrics =
                CLIENT.send(request("/metrics").GET().build(), HttpResponse.BodyHandlers.ofString());
        assertThat(metrics.body()).contains("coupon_http_requests_total");
    }

    @Test
    void aClosedFenceIsSaidToBeRetried() {
        long user = mall.user();
        long template = mall.template(3, 0);
        long epoch = mall.control.read().epoch().number();
        String key = key();
        mall.closeFences(Side.OLD, epoch);
        try {
            Reply reply = claim(user, template, 1, key);
            assertThat(reply.status()).isEqualTo(503);
            assertThat(reply.code()).isEqualTo("migration_fence");
            assertThat(reply.body().path("error").path("retryable").asBoolean()).isTrue();
            assertThat(reply.raw().headers().firstValue("retry-after")).contains("1");
        } finally {
            mall.openFences(Side.OLD, epoch);
        }
        assertThat(claim(user, template, 1, key).status()).isEqualTo(201);
        assertThat(mall.issued(Side.OLD, template)).isEqualTo(1);
    }

    @Test
    void claimsGoOnWhenRedisHangsOrIsKilled() {
        long user = mall.user();
        long template = mall.template(100, 0);
        assertThat(claim(user, template, 1, key()).status()).isEqualTo(201);
        redis.stopProcess();
        try {
            claimTenTimes(user, template);
        } finally {
            redis.resumeProcess();
        }
        assertThat(claim(user, template, 1, key()).status()).isEqualTo(201);
        redis.kill();
        try {
            claimTenTimes(user, template);
        } finally {
            redis.restart();
        }
        assertThat(claim(user, template, 1, key()).status()).isEqualTo(201);
    }

    private static void claimTenTimes(long user, long template) {
        for (int i = 0; i < 10; i++) {
            assertThat(claim(user, template, 1, key()).status()).isEqualTo(201);
        }
    }

    @Test
    void theSameBytesAreServedAcrossASwitchAndBack() {
        long user = mall.user();
        long template = mall.template(10, 5);
        String key = key();
        Reply claimed = claim(user, template, 2, key);
        String coupon = claimed.body().path("coupons").get(0).path("id").asText();
        Reply used = redeem(user, coupon, "order-of-old");
        String page = get("/v1/users/" + user + "/coupons").raw().body();
        String shown = get("/v1/templates/tpl_" + template).raw().body();
        mall.copyForwardAll();
        mall.moveTruth(Side.NEW);
        try {
            awaitTruth("NEW");
            assertThat(get("/v1/users/" + user + "/coupons").raw().body()).isEqualTo(page);
            assertThat(get("/v1/templates/tpl_" + template).raw().body()).isEqualTo(shown);
            assertThat(claim(user, template, 2, key).raw().body())
                    .isEqualTo(claimed.raw().body());
            assertThat(redeem(user, coupon, "order-of-new").code()).isEqualTo("coupon_already_used");
            String redemption =
                    used.body().path("redemptions").get(0).path("id").asText();
            assertThat(post("/v1/redemptions/" + redemption + "/refunds", key(), "{\"refund_no\":\"r\"}")
                            .status())
                    .isEqualTo(201);
            // The mall's two coupons count against the limit of five.
            assertThat(claim(user, template, 4, key()).code()).isEqualTo("per_user_limit_reached");
            assertThat(claim(user, template, 3, key()).status()).isEqualTo(201);
            page = get("/v1/users/" + user + "/coupons").raw().body();
            mall.copyBackAll();
        } finally {
            mall.moveTruth(Side.OLD);
            awaitTruth("OLD");
        }
        assertThat(get("/v1/users/" + user + "/coupons").raw().body()).isEqualTo(page);
        assertThat(claim(user, template, 1, key()).code()).isEqualTo("per_user_limit_reached");
    }

    private static void awaitTruth(String truth) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> get("/v1/migration").body().path("truth").asText().equals(truth));
        assertThat(get("/readyz").status()).isEqualTo(200);
        assertThat(mall.number(DatabaseId.OLD, "SELECT 1")).isEqualTo(1);
    }
}
