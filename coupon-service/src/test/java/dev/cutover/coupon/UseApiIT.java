package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The routes of the use of coupons over real sockets, with the new side holding the truth. */
final class UseApiIT {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static SmallMall mall;
    private static CouponService service;

    @BeforeAll
    static void open(@TempDir Path directory) throws IOException {
        Path keys = Files.writeString(
                directory.resolve("keys"), "first " + Base64.getEncoder().encodeToString(new byte[32]) + "\n");
        mall = SmallMall.open();
        mall.moveTruth(Side.NEW);
        service = CouponService.start(
                mall.plan,
                new CouponService.Options(
                        0,
                        "use-it",
                        Optional.empty(),
                        Duration.ofSeconds(5),
                        InstantSource.system(),
                        Optional.empty(),
                        Optional.of(keys)));
    }

    @AfterAll
    static void close() {
        service.close();
        mall.close();
    }

    private record Reply(int status, JsonNode body) {
        String code() {
            return body.path("error").path("code").asText();
        }

        String text(String field) {
            return body.path(field).asText();
        }
    }

    private static Reply send(String method, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        try {
            HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), StoreConformance.json(response.body()));
        } catch (IOException e) {
            throw new AssertionError(path + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static Reply get(String path) {
        return send("GET", path, "");
    }

    private static Reply post(String path, String body) {
        return send("POST", path, body, "Idempotency-Key", UUID.randomUUID().toString());
    }

    private static String coupon(long user, long template) {
        return post("/v1/claims", "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"tpl_" + template + "\"}]}")
                .body()
                .path("coupons")
                .get(0)
                .path("id")
                .asText();
    }

    private static String order(long user, String coupon, String order) {
        return "{\"user_id\":" + user + ",\"order_no\":\"" + order + "\",\"coupon_ids\":[\"" + coupon + "\"],"
                + "\"order\":{\"currency\":\"CNY\",\"lines\":[{\"product_id\":\"7\",\"amount_minor\":3000},"
                + "{\"goods_sn\":\"SN-2\",\"quantity\":2,\"amount_minor\":1000,\"freight_minor\":50}]}}";
    }

    @Test
    void aListOfCodesIsImportedAndEachRowIsAnsweredFor() {
        String body =
                "{\"batch_no\":\"import-1\",\"template_id\":\"tpl_" + mall.template(10, 0) + "\",\"import\":true}";
        Reply ordered = send("POST", "/v1/code_batches", body, "X-Operator", "ann");
        assertThat(ordered.status()).as(ordered.body().toString()).isEqualTo(201);
        // As a spreadsheet saves it: a byte order mark, a heading; a row is a line of the file.
        String list = "\uFEFF Code \nPAPER-1\n\npaper-1\nPAPER-2\r\n \ncode\n";
        String path = "/v1/code_batches/" + ordered.text("id") + "/import";
        assertThat(send("POST", path, list, "X-Operator", "ann").body().toString())
                .isEqualTo("{\"object\":\"code_import\",\"id\":\"" + ordered.text("id") + "\",\"rows\":4,"
                        + "\"imported\":3,\"known\":1,\"taken\":0,\"invalid\":0,"
                        + "\"not_imported\":[{\"row\":4,\"result\":\"known\"}]}");
        assertThat(send("POST", path, "\uFEFFcode\n\ntwo words\n", "X-Operator", "ann")
                        .body()
                        .path("not_imported")
                        .toString())
                .isEqualTo("[{\"row\":3,\"result\":\"invalid\"}]");
        assertThat(send("POST", path, list, "X-Operator", "ann")
                        .body()
                        .path("imported")
                        .asInt())
                .isZero();
        assertThat(send("POST", "/v1/code_batches", body, "X-Operator", "ann").status())
                .isEqualTo(200);
        assertThat(post("/v1/codes/redeem", "{\"user_id\":" + mall.user() + ",\"code\":\"paper-2\"}")
                        .status())
                .isEqualTo(201);
        Reply voided = send(
                "POST",
                "/v1/code_batches/" + ordered.text("id") + "/void",
                "{\"reason\":\"enough\"}",
                "X-Operator",
                "ann");
        assertThat(voided.text("state")).isEqualTo("VOID");
        assertThat(post("/v1/codes/redeem", "{\"user_id\":" + mall.user() + ",\"code\":\"paper-1\"}")
                        .code())
                .isEqualTo("code_invalid");
    }

    @Test
    void aListMayNameTheUserWhoseACodeIs() {
        String body =
                "{\"batch_no\":\"import-2\",\"template_id\":\"tpl_" + mall.template(10, 0) + "\",\"import\":true}";
        String path = "/v1/code_batches/"
                + send("POST", "/v1/code_batches", body, "X-Operator", "ann").text("id") + "/import";
        long owner = mall.user();
        String list = "Code, User_ID\nOWN-1," + owner + "\nOWN,2, " + mall.user()
                + " \nOWN-3,\nOWN-4\nOWN-5,me\nOWN-6,0\nOWN-7,2147483648\n";
        assertThat(send("POST", path, list, "X-Operator", "ann").body().toString())
                .contains(
                        "\"imported\":3", "\"invalid\":4", "{\"row\":8,", "{\"row\":5,", "{\"row\":6,", "{\"row\":7,");
        String redeem = "{\"user_id\":%d,\"code\":\"own-%d\"}";
        assertThat(post("/v1/codes/redeem", String.format(redeem, mall.user(), 1))
                        .code())
                .isEqualTo("code_invalid");
        assertThat(post("/v1/codes/redeem", String.format(redeem, owner, 1)).status())
                .isEqualTo(201);
        assertThat(post("/v1/codes/redeem", String.format(redeem, mall.user(), 3))
                        .status())
                .isEqualTo(201);
    }

    @Test
    void aChannelIsKeptOfClaimsOrdersHoldsAndWhatIsTakenBackOfThem() {
        long user = mall.user();
        long template = mall.template(10, 0);
        String claim =
                "{\"user_id\":" + user + ",\"channel\":\"app\",\"partner_id\":\"p-7\",\"items\":[{\"template_id\":"
                        + "\"tpl_" + template + "\",\"quantity\":2}]}";
        Reply claimed = send("POST", "/v1/claims", claim, "Idempotency-Key", "via-1");
        assertThat(claimed.status()).isEqualTo(201);
        assertThat(send("POST", "/v1/claims", claim.replace("p-7", "p-8"), "Idempotency-Key", "via-1")
                        .code())
                .isEqualTo("idempotency_key_reused");
        String first = claimed.body().path("coupons").get(0).path("id").asText();
        String second = claimed.body().path("coupons").get(1).path("id").asText();
        Reply held =
                post("/v1/holds", order(user, first, "via-o1").replace("\"order\":", "\"channel\":\"web\",\"order\":"));
        Reply used = post("/v1/holds/" + held.text("id") + "/confirm", "");
        post(
                "/v1/redemptions/"
                        + used.body().path("redemptions").get(0).path("id").asText() + "/refunds",
                "{\"refund_no\":\"via-r1\",\"amount_minor\":100}");
        assertThat(post("/v1/redemptions", order(user, second, "via-o2")).status())
                .isEqualTo(201);
        Awaitility.await()
                .untilAsserted(() -> assertThat(get("/v1/templates/tpl_" + template + "/stats?group=channel")
                                .body()
                                .path("data")
                                .toString())
                        .isEqualTo("[{\"channel\":\"app\",\"partner_id\":\"p-7\",\"issued\":2,\"redeemed\":0,"
                                + "\"redeemed_minor\":0,\"refunded\":0,\"refunded_minor\":0},"
                                + "{\"channel\":\"web\",\"partner_id\":null,\"issued\":0,\"redeemed\":1,"
                                + "\"redeemed_minor\":500,\"refunded\":0,\"refunded_minor\":100},"
                                + "{\"channel\":null,\"partner_id\":null,\"issued\":0,\"redeemed\":1,"
                                + "\"redeemed_minor\":500,\"refunded\":0,\"refunded_minor\":0}]"));
    }

    @Test
    void aCouponIsHeldConfirmedAndRefundedInParts() {
        long user = mall.user();
        String coupon = coupon(user, mall.template(10, 0));
        Reply held =
                post("/v1/holds", order(user, coupon, "o1").replace("\"order\":", "\"ttl_seconds\":60,\"order\":"));
        assertThat(held.status()).isEqualTo(201);
        assertThat(held.text("status")).isEqualTo("HELD");
        String hold = held.text("id");
        assertThat(get("/v1/holds/" + hold).text("hold_until")).isEqualTo(held.text("hold_until"));
        assertThat(get("/v1/coupons/" + coupon).text("status")).isEqualTo("HELD");
        assertThat(get("/v1/users/" + user + "/coupons?status=HELD").body().path("data"))
                .hasSize(1);
        Reply refused = post("/v1/redemptions", order(user, coupon, "o2"));
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.code()).isEqualTo("coupon_held");
        Reply used = post("/v1/holds/" + hold + "/confirm", "");
        assertThat(used.status()).isEqualTo(201);
        assertThat(used.body().path("line_discounts_minor").toString()).isEqualTo("[375,125]");
        String redemption = used.body().path("redemptions").get(0).path("id").asText();

        Reply part = post("/v1/redemptions/" + redemption + "/refunds", "{\"refund_no\":\"r1\",\"lines\":[1]}");
        assertThat(part.status()).isEqualTo(201);
        assertThat(part.body().path("amount_minor").asLong()).isEqualTo(125);
        Reply tooMuch =
                post("/v1/redemptions/" + redemption + "/refunds", "{\"refund_no\":\"r2\",\"amount_minor\":376}");
        assertThat(tooMuch.status()).isEqualTo(422);
        assertThat(tooMuch.code()).isEqualTo("refund_exceeds_redeemed");
        Reply shown = get("/v1/redemptions/" + redemption);
        assertThat(shown.text("refund_status")).isEqualTo("PART");
        assertThat(shown.body().path("lines").get(1).path("refund_no").asText()).isEqualTo("r1");
        assertThat(get("/v1/users/" + user + "/redemptions?limit=1")
                        .body()
                        .path("data")
                        .get(0)
                        .path("id")
                        .asText())
                .isEqualTo(redemption);
    }

    @Test
    void aHoldIsLetGoAndEachWayOfBeingLateHasItsCode() {
        long user = mall.user();
        String coupon = coupon(user, mall.template(10, 0));
        String hold = post("/v1/holds", order(user, coupon, "o1")).text("id");
        String key = UUID.randomUUID().toString();
        Reply released = send("DELETE", "/v1/holds/" + hold + "?user_id=" + user, "", "Idempotency-Key", key);
        assertThat(released.status()).isEqualTo(200);
        assertThat(released.text("status")).isEqualTo("RELEASED");
        assertThat(send("DELETE", "/v1/holds/" + hold + "?user_id=" + user, "", "Idempotency-Key", key)
                        .body())
                .isEqualTo(released.body());
        assertThat(post("/v1/holds/" + hold + "/confirm", "{}").code()).isEqualTo("hold_not_owner");
        assertThat(post("/v1/holds/hold_00001234567812345678/confirm", "").code())
                .isEqualTo("hold_not_found");
        assertThat(get("/v1/holds/x").status()).isEqualTo(404);
        String second = post("/v1/holds", order(user, coupon, "o2")).text("id");
        for (int shard = 0; shard < SmallMall.DATABASES; shard++) {
            mall.execute(
                    DatabaseId.shard(shard),
                    "UPDATE coupon_hold SET hold_until = 1000 WHERE hold_no = ?",
                    second.substring("hold_".length()));
        }
        Reply late = post("/v1/holds/" + second + "/confirm", "");
        assertThat(late.status()).isEqualTo(409);
        assertThat(late.code()).isEqualTo("hold_expired");
    }

    @Test
    void aDryRunTellsAmountsAndReasonsAndNeedsNoKey() {
        long user = mall.user();
        String five = coupon(user, mall.template(10, 0));
        String dear = coupon(user, mall.template(10, 0, Map.of("amount", "9.00", "min_point", "99.00")));
        String order = order(user, five, "o").replaceFirst(".*\"order\":", "");
        Reply dry = send(
                "POST",
                "/v1/validations",
                "{\"user_id\":" + user + ",\"coupons\":[\"" + five + "\",\"" + dear + "\"],\"order\":" + order);
        assertThat(dry.status()).isEqualTo(200);
        assertThat(dry.body().path("valid").asBoolean()).isFalse();
        assertThat(dry.body().path("coupons").get(0).path("amount_minor").asLong())
                .isEqualTo(500);
        assertThat(dry.body().path("coupons").get(1).path("reason").path("code").asText())
                .isEqualTo("threshold_not_met");
        assertThat(dry.body().path("payable_minor").asLong()).isEqualTo(3550);
        Reply offers = send("POST", "/v1/coupons/available", "{\"user_id\":" + user + ",\"cart\":" + order);
        assertThat(offers.body().path("data").findValuesAsText("coupon_id")).containsExactly(five, dear);
    }

    @Test
    void aCouponIsRecalledByAnOperator() {
        long user = mall.user();
        String coupon = coupon(user, mall.template(10, 0));
        String path = "/v1/coupons/" + coupon + "/void";
        assertThat(post(path, "{\"reason\":\"fraud\"}").code()).isEqualTo("parameter_missing");
        Reply voided = send("POST", path, "{\"reason\":\"fraud\"}", "Idempotency-Key", "v-1", "X-Operator", "eve");
        assertThat(voided.status()).isEqualTo(201);
        assertThat(voided.text("operator")).isEqualTo("eve");
        assertThat(post("/v1/redemptions", order(user, coupon, "o")).code()).isEqualTo("coupon_voided");
    }

    @Test
    void whatIsMalformedInAnOrderIsNamed() {
        long user = mall.user();
        String coupon = coupon(user, mall.template(10, 0));
        String good = order(user, coupon, "o");
        assertInvalid(good.replace("CNY", "USD"), "currency_mismatch", "order.currency");
        assertInvalid(good.replace("\"product_id\":\"7\",", ""), "parameter_missing", "order.lines[0].product_id");
        assertInvalid(good.replace("SN-2", "S N"), "parameter_invalid", "order.lines[1].goods_sn");
        assertInvalid(good.replace("3000", "-1"), "parameter_invalid", "order.lines[0].amount_minor");
        assertInvalid(good.replace("3000", "10000000000"), "parameter_invalid", "order.lines");
        assertInvalid(
                good.replace("\"currency\"", "\"amount_minor\":4001,\"currency\""),
                "parameter_invalid",
                "order.amount_minor");
        assertInvalid(good.replace("\"goods_sn\"", "\"sku\""), "parameter_unknown", "order.lines[1].sku");
        String line = "{\"product_id\":\"1\",\"amount_minor\":1},";
        assertInvalid(
                good.replace("\"lines\":[", "\"lines\":[" + line.repeat(49)), "batch_limit_exceeded", "order.lines");
        assertThat(post("/v1/redemptions/rdm_1/refunds", "{\"refund_no\":\"r\",\"lines\":[0,0]}")
                        .code())
                .isEqualTo("parameter_invalid");
        assertThat(post("/v1/redemptions/rdm_1/refunds", "{\"refund_no\":\"r\",\"lines\":[0],\"amount_minor\":1}")
                        .code())
                .isEqualTo("parameter_invalid");
    }

    private static void assertInvalid(String body, String code, String param) {
        Reply reply = post("/v1/redemptions", body);
        assertThat(reply.status()).as(reply.body().toString()).isEqualTo(400);
        assertThat(reply.code()).as(reply.body().toString()).isEqualTo(code);
        assertThat(reply.body().path("error").path("param").asText()).isEqualTo(param);
    }
}
