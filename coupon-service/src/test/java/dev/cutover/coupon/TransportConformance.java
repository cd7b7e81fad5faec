package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.Transport.Call;
import dev.cutover.coupon.Transport.Reply;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.wire.Fault;
import dev.cutover.sandbox.wire.FaultProxy;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/** What the API promises whatever transport a caller comes by. The first test still has the truth on OLD. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class TransportConformance {
    static final String ADMIN = "an-administrator-of-this-test-only-0123456789";
    static final String LANES = "LanesIT asks for more pages than are shown at once";
    private static final String LINES = ",\"order\":{\"lines\":[{\"product_id\":\"%s\",\"amount_minor\":%d}]}";
    private static final String AN_ORDER = String.format(LINES, "b", 5000);
    private static final String TEMPLATE = "{\"name\":\"T\",\"discount\":{\"kind\":\"STORE\",\"type\":\"AMOUNT_OFF\","
            + "\"amount_off_minor\":500,\"threshold_minor\":3000,\"currency\":\"CNY\"},\"total_quantity\":100,"
            + "\"validity\":{\"type\":\"DAYS\",\"days\":3}%s}";

    SmallMall mall;
    Transport transport;
    RestTransport rest;
    private CouponService service;
    private Path tokens;
    private Path tags;

    /** A client of the transport. */
    abstract Transport open(int port);

    /** The codes that no call of this transport is told here, and why. */
    abstract Map<String, String> outOfReach();

    /** Characters of a text that is too long for a request of this transport. */
    abstract int tooLarge();

    @BeforeAll
    void open() throws IOException {
        mall = SmallMall.open();
        String key = Base64.getEncoder().encodeToString(new byte[32]);
        tokens = file("key " + key + "\nadmin " + ADMIN + "\n");
        tags = file("{\"tags\":[{\"name\":\"region\",\"source\":\"context\",\"unknown\":\"deny\"}]}");
        service = CouponService.start(
                mall.plan, options("conformance", Optional.of(file("k1 " + key + "\n")), Duration.ofSeconds(2)));
        transport = open(service.port());
        rest = new RestTransport(service.port());
    }

    private static Path file(String text) throws IOException {
        Path file = Files.createTempFile("conformance", ".txt");
        file.toFile().deleteOnExit();
        return Files.writeString(file, text);
    }

    private CouponService.Options options(String instance, Optional<Path> codeKeys, Duration writeBudget) {
        return new CouponService.Options(
                        0,
                        instance,
                        Optional.empty(),
                        writeBudget,
                        InstantSource.system(),
                        Optional.empty(),
                        codeKeys,
                        Optional.of(tokens))
                .with(tags);
    }

    @AfterAll
    void close() {
        transport.close();
        service.close();
        mall.close();
    }

    static String key() {
        return UUID.randomUUID().toString();
    }

    private Reply as(String token, Call call) {
        return transport.call(call.with("Authorization", "Bearer " + token).with("X-Operator", "ann"));
    }

    private Reply send(Call call) {
        return as(ADMIN, call);
    }

    Reply send(String name, String fields) {
        return send(Call.of(name, fields));
    }

    private Reply keyed(String name, String fields) {
        return send(Call.of(name, fields).with("Idempotency-Key", key()));
    }

    /** By REST, what no call can do. */
    private Reply desk(String method, String path, String body) {
        return rest.send(
                method,
                path,
                body,
                Map.of("Authorization", "Bearer " + ADMIN, "X-Operator", "ann", "Idempotency-Key", key()));
    }

    static Call claim(long user, long template, int quantity, String key) {
        return claim(user, "tpl_" + template, quantity, key);
    }

    private static Call claim(long user, String template, int quantity, String key) {
        return Call.of(
                        "ClaimService/Claim",
                        "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"" + template + "\",\"quantity\":"
                                + quantity + "}]}")
                .with("Idempotency-Key", key);
    }

    private String coupon(long user, String template) {
        Reply claimed = done(send(claim(user, template, 1, key())));
        return claimed.text("/coupons/0/id");
    }

    static Reply done(Reply reply) {
        assertThat(reply.code()).as(reply.toString()).isEmpty();
        return reply;
    }

    String template(String more) {
        return published(String.format(TEMPLATE, more));
    }

    private String published(String fields) {
        String id = done(keyed("TemplateService/CreateTemplate", fields)).text("/id");
        done(send("TemplateService/PublishTemplate", "{\"id\":\"" + id + "\"}"));
        return id;
    }

    private Reply redeem(long user, String order, String coupons) {
        return redeem(user, order, coupons, AN_ORDER);
    }

    private Reply redeem(long user, String order, String coupons, String more) {
        return keyed(
                "RedemptionService/Redeem",
                "{\"user_id\":" + user + ",\"order_no\":\"" + order + "\",\"coupon_ids\":[" + coupons + "]" + more
                        + "}");
    }

    private static String quoted(String... texts) {
        return "\"" + String.join("\",\"", texts) + "\"";
    }

    private String hold(long user, String coupon, int seconds) {
        return done(keyed(
                        "RedemptionService/Hold",
                        "{\"user_id\":" + user + ",\"order_no\":\"h-" + user + "\",\"coupon_ids\":[" + quoted(coupon)
                                + "],\"ttl_seconds\":" + seconds + AN_ORDER + "}"))
                .text("/id");
    }

    private String code(String template) {
        String batch = done(send(
                        "CodeService/CreateCodeBatch",
                        "{\"batch_no\":\"" + key() + "\",\"template_id\":\"" + template + "\",\"count\":1}"))
                .text("/id");
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> send("CodeService/GetCodeBatch", "{\"id\":\"" + batch + "\"}")
                        .text("/state")
                        .endsWith("READY"));
        return rest.raw(
                        "GET",
                        "/v1/code_batches/" + batch + "/export",
                        "",
                        Map.of("Authorization", "Bearer " + ADMIN, "X-Operator", "ann"))
                .body()
                .lines()
                .skip(1)
                .findFirst()
                .orElseThrow();
    }

    private String token(String app, String fields) {
        return done(desk("POST", "/v1/apps/" + app + "/tokens", fields)).text("/token");
    }

    @Test
    @Order(1)
    void whatWaitsForAStageOfTheMigrationSaysWhenToComeBack() {
        for (String onlyNew : List.of(",\"audience\":\"region=east\"", ",\"budget\":{\"amount_minor\":1000}")) {
            Reply early = keyed("TemplateService/CreateTemplate", String.format(TEMPLATE, onlyNew));
            assertThat(early.code()).as(early.toString()).isEqualTo("migration_fence");
            assertThat(early.retrySeconds()).isEqualTo(60);
        }
        long epoch = mall.control.read().epoch().number();
        long template = mall.template(10, 0);
        assertThat(recall("tpl_" + template, key(), "why").code()).isEqualTo("migration_fence");
        Call before = claim(mall.user(), template, 1, "before+the+switch/" + "x".repeat(237));
        Reply claimed = done(send(before));
        mall.closeFences(Side.OLD, epoch);
        try {
            Reply fenced = send(claim(7, template, 1, key()));
            assertThat(fenced.code()).isEqualTo("migration_fence");
            assertThat(fenced.status()).isIn("503", "UNAVAILABLE");
            assertThat(fenced.retrySeconds()).isEqualTo(1);
        } finally {
            mall.openFences(Side.OLD, epoch);
        }
        mall.copyForwardAll();
        mall.moveTruth(Side.NEW);
        Awaitility.await()
                .until(() -> desk("GET", "/v1/migration", "").text("/truth").equals("NEW"));
        Reply again = done(send(before));
        assertThat(again.replayed()).as("a long key over the switch").isTrue();
        assertThat(again.body()).isEqualTo(claimed.body());
    }

    @Test
    @Order(2)
    void aClaimIsReplayedUnderItsKeyAndItsKeyStandsForNothingElse() {
        long user = mall.user();
        String template = template("");
        String key = key();
        Reply first = done(send(claim(user, template, 2, key).with("Request-Id", "mine-1")));
        assertThat(first.requestId()).isEqualTo("mine-1");
        assertThat(first.replayed()).isFalse();
        Reply again = done(send(claim(user, template, 2, key)));
        assertThat(again.replayed()).isTrue();
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(done(send("ClaimService/GetClaim", "{\"request_no\":\"" + key + "\",\"user_id\":" + user + "}"))
                        .body())
                .isEqualTo(first.body());
        Reply other = send(claim(user, template, 1, key));
        assertThat(other.code()).isEqualTo("idempotency_key_reused");
        assertThat(other.status()).isIn("422", "FAILED_PRECONDITION");
        assertThat(other.retrySeconds()).isZero();
        Reply page = done(send("UserCouponService/ListUserCoupons", "{\"user_id\":" + user + ",\"limit\":1}"));
        assertThat(page.text("/has_more")).isEqualTo("true");
        assertThat(page.text("/data/0/id")).isEqualTo(first.text("/coupons/0/id"));
    }

    @Test
    @Order(2)
    void aKeyIsAnyVisibleTextOfUpTo255CharactersAndToldAsItWasGiven() {
        String template = template("");
        String all =
                IntStream.rangeClosed('!', '~').mapToObj(Character::toString).collect(Collectors.joining());
        String digest = "k:" + "A".repeat(43);
        for (String key : List.of("x".repeat(255), "x".repeat(254), "k/" + key() + "+=", all, "a~2", digest)) {
            long user = mall.user();
            Reply first = done(send(claim(user, template, 1, key)));
            assertThat(first.text("/request_no")).isEqualTo(key);
            Reply again = done(send(claim(user, template, 1, key)));
            assertThat(again.replayed()).as(key).isTrue();
            assertThat(again.body()).isEqualTo(first.body());
            assertThat(send(claim(user, template, 2, key)).code()).isEqualTo("idempotency_key_reused");
            String fields = "{\"request_no\":" + quotedJson(key) + ",\"user_id\":" + user + "}";
            assertThat(done(send("ClaimService/GetClaim", fields)).body())
                    .as(key)
                    .isEqualTo(first.body());
        }
        for (String wrong : List.of("x".repeat(256), "two words")) {
            Reply refused = send(claim(mall.user(), template, 1, wrong));
            assertThat(refused.code()).as(wrong).isEqualTo("parameter_invalid");
            assertThat(refused.param()).isEqualTo("Idempotency-Key");
        }
        long user = mall.user();
        String code = "{\"user_id\":" + user + ",\"code\":\"" + code(template) + "\"}";
        Call redeem = Call.of("CodeService/RedeemCode", code).with("Idempotency-Key", all);
        Reply redeemed = done(send(redeem));
        assertThat(redeemed.text("/request_no")).isEqualTo(all);
        assertThat(done(send(redeem)).replayed()).isTrue();
    }

    private static String quotedJson(String text) {
        return JsonNodeFactory.instance.textNode(text).toString();
    }

    @Test
    @Order(3)
    void aUsersCouponsAreListedByKindAndTemplatePageByPage() {
        long user = mall.user();
        String store = template("");
        String freight = published(
                String.format(TEMPLATE, "").replace("AMOUNT_OFF", "FREIGHT_OFF").replace("STORE", "FREIGHT"));
        List<String> freights = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            coupon(user, store);
            freights.add(coupon(user, freight));
        }
        String list = "{\"user_id\":" + user + ",\"limit\":2,";
        for (String only : List.of("\"kind\":\"FREIGHT\"", "\"template_id\":\"" + freight + "\"")) {
            Reply first = done(send("UserCouponService/ListUserCoupons", list + only + "}"));
            assertThat(first.body().path("data").findValuesAsText("id")).isEqualTo(freights.subList(0, 2));
            assertThat(first.text("/has_more")).isEqualTo("true");
            Reply rest = done(send(
                    "UserCouponService/ListUserCoupons",
                    list + only + ",\"starting_after\":\"" + first.text("/next_cursor") + "\"}"));
            assertThat(rest.body().path("data").findValuesAsText("id")).isEqualTo(freights.subList(2, 3));
            assertThat(rest.text("/has_more")).isNotEqualTo("true");
        }
        assertThat(done(send(
                                "UserCouponService/ListUserCoupons",
                                list + "\"kind\":\"STORE\",\"template_id\":\"" + freight + "\"}"))
                        .body()
                        .path("data"))
                .isEmpty();
        Reply wrong = send("UserCouponService/ListUserCoupons", list + "\"template_id\":\"7\"}");
        assertThat(wrong.code()).isEqualTo("parameter_invalid");
        assertThat(wrong.param()).isEqualTo("template_id");
    }

    @Test
    @Order(3)
    void aBatchIsClaimedWholeOrInPartAsAskedFor() {
        long user = mall.user();
        String full = template("");
        String small = template(",\"per_user_limit\":1");
        done(send(claim(user, small, 1, key())));
        String fields = "{\"user_id\":" + user + ",\"mode\":\"%s\",\"items\":[{\"template_id\":\"" + full
                + "\",\"quantity\":2},{\"template_id\":\"" + small + "\"}]}";
        Reply all = keyed("ClaimService/Claim", String.format(fields, "all"));
        assertThat(all.code()).isEqualTo("per_user_limit_reached");
        assertThat(all.param()).isEqualTo("items[1].template_id");
        assertThat(all.details()).contains(small, "per_user_limit_reached").doesNotContain(full);
        String closed = template(",\"claim_from\":\"2031-01-02T03:04:05Z\"");
        Reply two = keyed(
                "ClaimService/Claim",
                String.format(fields, "all").replace("]}", ",{\"template_id\":\"" + closed + "\"}]}"));
        assertThat(two.param()).isEqualTo("items[1].template_id");
        assertThat(two.details())
                .contains(small, "per_user_limit_reached", closed, "claim_not_started")
                .doesNotContain(full);
        assertThat(done(send("UserCouponService/ListUserCoupons", "{\"user_id\":" + user + "}"))
                        .body()
                        .path("data"))
                .as("nothing of it was claimed")
                .hasSize(1);
        Reply part = done(keyed("ClaimService/Claim", String.format(fields, "partial")));
        assertThat(part.body().path("coupons")).hasSize(2);
        assertThat(part.text("/items/1/refused")).isEqualTo("per_user_limit_reached");
    }

    @Test
    @Order(3)
    void couponsAreReadByTheirIdsAndWhatIsNotThereIsLeftOut() {
        String template = template("");
        List<String> mine = new ArrayList<>();
        StringJoiner ids = new StringJoiner(",");
        for (int i = 0; i < 100; i++) {
            if (i < 5) {
                mine.add(coupon(mall.user(), template));
                ids.add(quoted(mine.get(i)));
            } else {
                ids.add(quoted("cpn_" + i * 1024));
            }
        }
        String batch = "UserCouponService/BatchGetCoupons";
        Reply found = done(send(batch, "{\"ids\":[" + ids + "]}"));
        assertThat(found.body().path("data").findValuesAsText("id")).isEqualTo(mine);
        Reply tooMany = send(batch, "{\"ids\":[" + ids.add(quoted(mine.get(0))) + "]}");
        assertThat(tooMany.code()).isEqualTo("batch_limit_exceeded");
        assertThat(tooMany.details()).containsPattern("max\\W+100\\b");
        Reply wrong = send(batch, "{\"ids\":[" + quoted(mine.get(0), "x") + "]}");
        assertThat(wrong.code()).isEqualTo("parameter_invalid");
        assertThat(wrong.param()).isEqualTo("ids[1]");
        String app = done(desk("POST", "/v1/apps", "{\"name\":\"batches\"}")).text("/id");
        Reply strangers = done(
                as(token(app, "{\"scopes\":[\"read\"]}"), Call.of(batch, "{\"ids\":[" + quoted(mine.get(0)) + "]}")));
        assertThat(strangers.body().path("data")).isEmpty();
    }

    @Test
    @Order(4)
    void whatCanBeClaimedForAProductIsListedForIt() {
        String listed = template(",\"scope\":\"WHITE_LIST\"");
        done(products(listed, "WHITE_LIST", "sn-of-this-test"));
        String all = template("");
        String without = template(",\"scope\":\"BLACK_LIST\"");
        done(products(without, "BLACK_LIST", "SN-OF-THIS-TEST"));
        String category = template(",\"scope\":\"CATEGORY\"");
        done(products(category, "CATEGORY", "hats"));
        String paused = template("");
        done(send("TemplateService/PauseTemplate", "{\"id\":\"" + paused + "\"}"));
        String later = template(",\"claim_from\":\"2031-01-01T00:00:00Z\"");
        List<String> ours = List.of(listed, all, without, category, paused, later);
        Awaitility.await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            assertThat(claimable("SN-OF-THIS-TEST", "", ours)).containsExactly(listed, all);
            assertThat(claimable("sn-other", "", ours)).containsExactly(all, without);
            assertThat(claimable("sn-other", ",\"category_id\":\"hats\"", ours))
                    .containsExactly(all, without, category);
        });
        Reply wrong = send("UserCouponService/ListProductCoupons", "{\"product\":\"a\",\"starting_after\":\"x\"}");
        assertThat(wrong.code()).isEqualTo("cursor_invalid");
        String app = done(desk("POST", "/v1/apps", "{\"name\":\"displays\"}")).text("/id");
        Call call = Call.of("UserCouponService/ListProductCoupons", "{\"product\":\"a\"}");
        assertThat(done(as(token(app, "{\"scopes\":[\"read\"]}"), call)).body().path("data"))
                .isEmpty();
        assertThat(as(token(app, "{\"scopes\":[\"claim\"]}"), call).code()).isEqualTo("scope_insufficient");
    }

    private Reply products(String template, String type, String product) {
        return send(
                "TemplateService/ReplaceProducts",
                "{\"id\":\"" + template + "\",\"list_type\":\"" + type + "\",\"products\":[" + quoted(product) + "]}");
    }

    /** Of these templates those that are listed for a product, page by page. */
    private List<String> claimable(String product, String more, List<String> of) {
        List<String> found = new ArrayList<>();
        String after = "";
        while (true) {
            Reply page = done(send(
                    "UserCouponService/ListProductCoupons",
                    "{\"product\":\"" + product + "\",\"limit\":2" + more + after + "}"));
            assertThat(page.body().path("data").size()).isLessThanOrEqualTo(2);
            page.body().path("data").findValuesAsText("id").stream()
                    .filter(of::contains)
                    .forEach(found::add);
            if (!page.body().path("has_more").asBoolean()) {
                return found;
            }
            after = ",\"starting_after\":\"" + page.text("/next_cursor") + "\"";
        }
    }

    private Reply claimOf(long user, int templates, int coupons) {
        StringJoiner items = new StringJoiner(",");
        for (int i = 0; i < templates; i++) {
            items.add("{\"template_id\":\"" + template("") + "\",\"quantity\":"
                    + (coupons / templates + (i < coupons % templates ? 1 : 0)) + "}");
        }
        return keyed("ClaimService/Claim", "{\"user_id\":" + user + ",\"items\":[" + items + "]}");
    }

    @Test
    @Order(3)
    void aClaimIsForSoManyCouponsOfSoManyTemplatesAndTheNumbersChangeWhileItRuns() {
        assertClaimsEndAt(20, 10);
        try {
            long user = mall.user();
            Call four = claim(user, template(""), 4, key());
            Reply before = done(send(four));
            done(desk("PUT", "/v1/claim_limits", "{\"coupons\":3,\"templates\":2}"));
            assertClaimsEndAt(3, 2);
            Reply after = done(send(four));
            assertThat(after.replayed()).isTrue();
            assertThat(after.body()).isEqualTo(before.body());
            for (String wrong : List.of("{\"coupons\":21,\"templates\":2}", "{\"coupons\":3,\"templates\":0}")) {
                assertThat(desk("PUT", "/v1/claim_limits", wrong).code()).isEqualTo("parameter_invalid");
            }
        } finally {
            done(desk("PUT", "/v1/claim_limits", "{\"coupons\":20,\"templates\":10}"));
        }
        assertClaimsEndAt(20, 10);
    }

    private void assertClaimsEndAt(int coupons, int templates) {
        long user = mall.user();
        assertThat(done(claimOf(user, templates, coupons)).body().path("coupons"))
                .hasSize(coupons);
        Reply tooMany = claimOf(user, 1, coupons + 1);
        assertThat(tooMany.code()).isEqualTo("batch_limit_exceeded");
        assertThat(tooMany.param()).isEqualTo("items[0].quantity");
        assertThat(tooMany.details()).containsPattern("max\\W+" + coupons + "\\b");
        Reply tooWide = claimOf(user, templates + 1, templates + 1);
        assertThat(tooWide.code()).isEqualTo("batch_limit_exceeded");
        assertThat(tooWide.param()).isEqualTo("items");
        assertThat(tooWide.details()).containsPattern("max\\W+" + templates + "\\b");
    }

    @Test
    @Order(4)
    void aHoldIsConfirmedAndTakenBackAndAnotherIsLetGo() {
        long user = mall.user();
        String template = template("");
        String coupon = coupon(user, template);
        String hold = hold(user, coupon, 60);
        assertThat(redeem(user, "o-1", quoted(coupon)).code()).isEqualTo("coupon_held");
        Reply confirmed =
                done(keyed("RedemptionService/Confirm", "{\"id\":\"" + hold + "\",\"user_id\":" + user + "}"));
        String redemption = confirmed.text("/redemptions/0/id");
        Reply refunded =
                done(keyed("RedemptionService/Refund", "{\"id\":\"" + redemption + "\",\"refund_no\":\"r-1\"}"));
        assertThat(refunded.text("/coupon_restored")).isEqualTo("true");
        assertThat(done(send("RedemptionService/GetRedemption", "{\"id\":\"" + redemption + "\"}"))
                        .text("/refund_status"))
                .endsWith("WHOLE");
        String second = hold(user, coupon, 60);
        String key = key();
        Call release = Call.of("RedemptionService/Release", "{\"id\":\"" + second + "\"}")
                .with("Idempotency-Key", key);
        assertThat(done(send(release)).text("/status")).endsWith("RELEASED");
        assertThat(done(send(release)).replayed()).isTrue();
        assertThat(done(send("UserCouponService/GetCoupon", "{\"id\":\"" + coupon + "\"}"))
                        .text("/status"))
                .endsWith("AVAILABLE");
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> send("StatsService/GetStats", "{\"id\":\"" + template + "\"}")
                        .text("/total/refunded")
                        .equals("1"));
    }

    @Test
    @Order(5)
    void aCodeIsRedeemedOnce() {
        String code = code(template(""));
        long user = mall.user();
        String fields = "{\"user_id\":" + user + ",\"code\":\"" + code + "\"}";
        assertThat(done(send("CodeService/ValidateCode", fields)).text("/valid"))
                .isEqualTo("true");
        Call redeem = Call.of("CodeService/RedeemCode", fields).with("Idempotency-Key", key());
        Reply first = done(send(redeem));
        assertThat(keyed("CodeService/RedeemCode", fields).code()).isEqualTo("code_already_used");
        Reply again = done(send(redeem));
        assertThat(again.replayed()).isTrue();
        assertThat(again.body()).isEqualTo(first.body());
        String channel = fields.replace("}", ",\"channel\":\"app\"}");
        for (String other : List.of(fields.replace(code, code(template(""))), channel)) {
            Reply reused = send(new Call(redeem.name(), other, redeem.metadata()));
            assertThat(reused.code()).as(reused.toString()).isEqualTo("idempotency_key_reused");
            assertThat(reused.status()).isIn("422", "FAILED_PRECONDITION");
        }
    }

    @Test
    @Order(6)
    void aTokenIsGoodForItsScopeAndItsTenantOnly() {
        String template = template("");
        String app = done(desk("POST", "/v1/apps", "{\"name\":\"partner\"}")).text("/id");
        String reads = token(app, "{\"scopes\":[\"read\"]}");
        String all = token(app, "{\"scopes\":[\"claim\",\"use\",\"read\",\"backoffice\"]}");
        Reply scope = as(reads, claim(7, template, 1, key()));
        assertThat(scope.code()).as(scope.toString()).isEqualTo("scope_insufficient");
        assertThat(scope.status()).isIn("403", "PERMISSION_DENIED");
        assertThat(as(all, claim(7, template, 1, key())).code()).isEqualTo("template_not_found");
        String coupon = coupon(mall.user(), template);
        assertThat(as(all, Call.of("UserCouponService/GetCoupon", "{\"id\":\"" + coupon + "\"}"))
                        .code())
                .isEqualTo("coupon_not_found");
        assertThat(as(
                                all,
                                Call.of(
                                                "RedemptionService/Redeem",
                                                "{\"user_id\":7,\"order_no\":\"o\",\"coupon_ids\":[" + quoted(coupon)
                                                        + "]" + AN_ORDER + "}")
                                        .with("Idempotency-Key", key()))
                        .code())
                .isEqualTo("coupon_not_found");
        assertThat(as(all, Call.of("TemplateService/PauseTemplate", "{\"id\":\"" + template + "\"}"))
                        .code())
                .isEqualTo("template_not_found");
        Reply missing = transport.call(claim(7, template, 1, key()));
        assertThat(missing.code()).isEqualTo("token_missing");
        assertThat(missing.status()).isIn("401", "UNAUTHENTICATED");
        assertThat(missing.requestId()).startsWith("req_");
    }

    @Test
    @Order(7)
    void everyProblemOfATemplateIsNamed() {
        Reply reply = keyed(
                "TemplateService/CreateTemplate",
                "{\"name\":\"\",\"discount\":{\"kind\":\"STORE\",\"type\":\"PERCENT_OFF\",\"percent_off_bp\":9000,"
                        + "\"currency\":\"EUR\"},\"daily_limit\":0,\"refund_policy\":\"EXTEND\","
                        + "\"validity\":{\"type\":\"DAYS\",\"days\":3}}");
        assertThat(reply.code()).isEqualTo("parameter_invalid");
        assertThat(reply.details()).contains("discount.currency", "name", "daily_limit", "extend_days");
        Reply good = done(keyed(
                "TemplateService/CreateTemplate",
                String.format(TEMPLATE, ",\"claim_from\":\"2031-01-02T03:04:05Z\",\"metadata\":{\"k\":\"v\"}")));
        assertThat(good.text("/claim_from") + good.text("/claim_from_ms"))
                .isIn(
                        "2031-01-02T03:04:05Z",
                        "" + Instant.parse("2031-01-02T03:04:05Z").toEpochMilli());
        assertThat(good.text("/metadata/k")).isEqualTo("v");
    }

    @Test
    @Order(8)
    void anIssuanceIsOrderedAndCancelled() {
        String id = done(send(
                        "IssuanceService/CreateIssuance",
                        "{\"issuance_no\":\"" + key() + "\",\"template_id\":\"" + template("")
                                + "\",\"audience\":{\"user_ids\":[101,102]}}"))
                .text("/id");
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> send("IssuanceService/GetIssuance", "{\"id\":\"" + id + "\"}")
                        .text("/state")
                        .endsWith("DONE"));
        assertThat(send("IssuanceService/PauseIssuance", "{\"id\":\"" + id + "\"}")
                        .code())
                .isEqualTo("issuance_state_conflict");
    }

    private String paused(String template) {
        done(send("TemplateService/PauseTemplate", "{\"id\":\"" + template + "\"}"));
        return template;
    }

    private Reply recall(String template, String number, String reason) {
        return send(
                "TemplateService/RecallCoupons",
                "{\"id\":\"" + template + "\",\"recall_no\":\"" + number + "\",\"reason\":\"" + reason + "\"}");
    }

    @Test
    @Order(8)
    void whatATemplateHasGivenOutIsRecalledOnceUnderItsNumberAndTheRecallIsAnOperationThatIsCancelled() {
        String template = template("");
        String coupon = coupon(mall.user(), template);
        String number = key();
        assertThat(recall(template, number, "wrong amount").code()).isEqualTo("template_not_editable");
        Reply ordered = done(recall(paused(template), number, "wrong amount"));
        assertThat(ordered.text("/state")).endsWith("RUNNING");
        assertThat(ordered.text("/recall_no")).isEqualTo(number);
        Reply again = done(recall(template, number, "wrong amount"));
        assertThat(again.replayed()).isTrue();
        assertThat(again.text("/id")).isEqualTo(ordered.text("/id"));
        assertThat(recall(template, number, "another reason").code()).isEqualTo("idempotency_key_reused");

        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> send("UserCouponService/GetCoupon", "{\"id\":\"" + coupon + "\"}")
                        .text("/status")
                        .endsWith("VOIDED"));
        String operation = "/v1/operations/" + ordered.text("/operation");
        assertThat(desk("GET", operation, "").text("/kind")).isEqualTo("recall");
        assertThat(desk("POST", operation + "/cancel", "").text("/state")).isEqualTo("CANCELLED");
        Reply cancelled = done(send("TemplateService/GetRecall", "{\"id\":\"" + ordered.text("/id") + "\"}"));
        assertThat(cancelled.text("/state")).endsWith("CANCELLED");
        assertThat(cancelled.text("/progress/voided")).isEqualTo("1");
        assertThat(cancelled.text("/cancelled_by")).endsWith("/ann");
    }

    @Test
    @Order(9)
    void everyCodeOfTheVocabularyIsReachedByACall() {
        Set<String> vocabulary = new TreeSet<>();
        desk("GET", "/openapi.json", "")
                .body()
                .at("/components/schemas/Error/properties/error/properties/code/enum")
                .forEach(code -> vocabulary.add(code.asText()));
        Map<String, Supplier<Reply>> calls = calls();
        assertThat(vocabulary)
                .as("what is out of reach is a code")
                .containsAll(outOfReach().keySet());
        calls.keySet().removeAll(outOfReach().keySet());
        Set<String> told = new TreeSet<>(calls.keySet());
        told.addAll(outOfReach().keySet());
        assertThat(told).as("codes with a call, or with a reason for none").containsExactlyElementsOf(vocabulary);
        Map<String, String> wrong = new LinkedHashMap<>();
        calls.forEach((code, call) -> {
            Reply reply = call.get();
            if (!reply.code().equals(code)) {
                wrong.put(code, reply.toString());
            }
        });
        assertThat(wrong).as("codes and what was said instead").isEmpty();
    }

    private Map<String, Supplier<Reply>> calls() {
        Map<String, Supplier<Reply>> calls = new LinkedHashMap<>();
        long user = mall.user();
        String any = template("");
        // Expires while the others are asked.
        String app = done(desk("POST", "/v1/apps", "{\"name\":\"vocabulary\"}")).text("/id");
        String shortLived = token("app_1", "{\"scopes\":[\"read\"],\"ttl_seconds\":1}");
        String ofApp = token(app, "{\"scopes\":[\"read\"]}");
        desk("POST", "/v1/apps/" + app + "/disable", "");
        Call read = Call.of("TemplateService/GetTemplate", "{\"id\":\"" + any + "\"}");
        String brief = coupon(user, any);

        calls.put(
                "parameter_missing",
                () -> keyed("ClaimService/Claim", "{\"items\":[{\"template_id\":\"" + any + "\"}]}"));
        calls.put("parameter_invalid", () -> send(claim(user, any, 0, key())));
        calls.put(
                "parameter_unknown",
                () -> keyed("ClaimService/Claim", "{\"user_id\":7,\"item\":[{\"template_id\":\"" + any + "\"}]}"));
        calls.put("batch_limit_exceeded", () -> send(claim(user, any, 21, key())));
        calls.put(
                "idempotency_key_missing",
                () -> send("ClaimService/Claim", "{\"user_id\":7,\"items\":[{\"template_id\":\"" + any + "\"}]}"));
        calls.put(
                "cursor_invalid",
                () -> send("UserCouponService/ListUserCoupons", "{\"user_id\":7,\"starting_after\":\"cpn_x\"}"));
        calls.put(
                "currency_mismatch",
                () -> send(
                        "RedemptionService/Validate",
                        "{\"user_id\":" + user + ",\"coupons\":[" + quoted(brief)
                                + "],\"order\":{\"amount_minor\":5000,\"currency\":\"EUR\"}}"));
        calls.put("token_missing", () -> transport.call(read));
        calls.put("token_invalid", () -> as("cpt_nothing", read));
        calls.put("scope_insufficient", () -> as(token("app_1", "{\"scopes\":[\"claim\"]}"), read));
        calls.put("app_disabled", () -> as(ofApp, read));
        calls.put("app_not_found", () -> desk("GET", "/v1/apps/app_99999", ""));
        calls.put("token_not_found", () -> desk("DELETE", "/v1/apps/app_1/tokens/tok_99999", ""));
        calls.put("route_not_found", () -> desk("GET", "/v1/nothing", ""));
        calls.put("method_not_allowed", () -> desk("POST", "/v1/coupons/cpn_1", "{}"));
        calls.put("request_refused", this::malformed);
        calls.put("template_not_found", () -> send("TemplateService/GetTemplate", "{\"id\":\"tpl_77\"}"));
        calls.put("coupon_not_found", () -> send("UserCouponService/GetCoupon", "{\"id\":\"cpn_1\"}"));
        calls.put("claim_not_found", () -> send("ClaimService/GetClaim", "{\"request_no\":\"no\",\"user_id\":7}"));
        calls.put("redemption_not_found", () -> send("RedemptionService/GetRedemption", "{\"id\":\"rdm_1\"}"));
        calls.put("hold_not_found", () -> send("RedemptionService/GetHold", "{\"id\":\"hold_1\"}"));
        calls.put("issuance_not_found", () -> send("IssuanceService/GetIssuance", "{\"id\":\"iss_999\"}"));
        calls.put("recall_not_found", () -> send("TemplateService/GetRecall", "{\"id\":\"rcl_999\"}"));
        calls.put("recall_state_conflict", () -> {
            String recall = done(recall(paused(template("")), key(), "over")).text("/id");
            mall.execute(
                    DatabaseId.META,
                    "UPDATE coupon_recall SET state = 3 WHERE recall_id = ?",
                    Long.parseLong(recall.substring("rcl_".length())));
            return desk("POST", "/v1/operations/op_" + recall + "/cancel", "");
        });
        calls.put("code_batch_not_found", () -> send("CodeService/GetCodeBatch", "{\"id\":\"cbt_999\"}"));
        calls.put(
                "body_too_large",
                () -> keyed("ClaimService/Claim", "{\"context\":{\"k\":\"" + "x".repeat(tooLarge()) + "\"}}"));
        uses(calls, any);
        templates(calls, any);
        codes(calls, any);
        troubles(calls, any);
        routesOnly(calls, any);
        calls.put("token_expired", () -> {
            Awaitility.await().until(() -> !as(shortLived, read).code().isEmpty());
            return as(shortLived, read);
        });
        return calls;
    }

    private void routesOnly(Map<String, Supplier<Reply>> calls, String any) {
        calls.put("webhook_not_found", () -> desk("POST", "/v1/apps/app_1/webhooks/whk_999/rotate", "{}"));
        calls.put("cache_build_not_found", () -> desk("GET", "/v1/cache_builds/cab_999", ""));
        calls.put("cache_task_not_found", () -> desk("GET", "/v1/cache_tasks/cat_999", ""));
        calls.put("cache_task_state_conflict", () -> {
            mall.execute(
                    DatabaseId.META,
                    "INSERT INTO cache_task (task_id, build_id, queue_no, state, due, key_hash, template_id, store_id, product)"
                            + " VALUES (77, 1, 0, 2, 0, 0, ?, 's', 'p')",
                    Long.parseLong(any.substring("tpl_".length())));
            return desk("POST", "/v1/cache_tasks/cat_77/retry", "");
        });
    }

    private void uses(Map<String, Supplier<Reply>> calls, String any) {
        long user = mall.user();
        String used = coupon(user, any);
        String redemption = done(redeem(user, "u-1", quoted(used))).text("/redemptions/0/id");
        calls.put("coupon_already_used", () -> redeem(user, "u-2", quoted(used)));
        calls.put(
                "refund_exceeds_redeemed",
                () -> keyed(
                        "RedemptionService/Refund",
                        "{\"id\":\"" + redemption + "\",\"refund_no\":\"x\",\"amount_minor\":999999}"));
        calls.put("already_refunded", () -> {
            done(keyed("RedemptionService/Refund", "{\"id\":\"" + redemption + "\",\"refund_no\":\"a\"}"));
            return keyed("RedemptionService/Refund", "{\"id\":\"" + redemption + "\",\"refund_no\":\"b\"}");
        });
        calls.put("coupon_voided", () -> {
            String coupon = coupon(user, any);
            done(desk("POST", "/v1/coupons/" + coupon + "/void", "{\"reason\":\"a test\"}"));
            return redeem(user, "u-3", quoted(coupon));
        });
        calls.put(
                "threshold_not_met",
                () -> redeem(user, "u-4", quoted(coupon(user, any)), String.format(LINES, "b", 1)));
        calls.put("coupon_held", () -> {
            String coupon = coupon(user, any);
            hold(user, coupon, 60);
            return redeem(user, "u-5", quoted(coupon));
        });
        calls.put("hold_not_owner", () -> {
            String let = "{\"id\":\"" + hold(user, coupon(user, any), 60) + "\"}";
            done(keyed("RedemptionService/Release", let));
            return keyed("RedemptionService/Confirm", let);
        });
        calls.put("hold_expired", () -> {
            String hold = hold(user, coupon(user, any), 1);
            Awaitility.await()
                    .until(() -> send("RedemptionService/GetHold", "{\"id\":\"" + hold + "\"}")
                            .text("/status")
                            .endsWith("EXPIRED"));
            return keyed("RedemptionService/Confirm", "{\"id\":\"" + hold + "\"}");
        });
        calls.put("product_not_applicable", () -> {
            String listed = template(",\"scope\":\"WHITE_LIST\"");
            done(products(listed, "WHITE_LIST", "a"));
            return redeem(user, "u-6", quoted(coupon(user, listed)), AN_ORDER);
        });
        calls.put("super_blacklisted", () -> {
            done(desk("POST", "/v1/super_blacklist/products", "{\"products\":[\"never\"]}"));
            String coupon = coupon(user, any);
            // Lists are kept for a while.
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> send(
                                    "RedemptionService/Validate",
                                    "{\"user_id\":" + user + ",\"coupons\":[" + quoted(coupon) + "]"
                                            + String.format(LINES, "never", 5000) + "}")
                            .text("/coupons/0/reason/code")
                            .equals("super_blacklisted"));
            return redeem(user, "u-7", quoted(coupon), String.format(LINES, "never", 5000));
        });
        calls.put("stacking_conflict", () -> {
            String group = template(",\"stack_group\":\"g\"");
            return redeem(user, "u-8", quoted(coupon(user, group), coupon(user, group)));
        });
    }

    private void templates(Map<String, Supplier<Reply>> calls, String any) {
        long user = mall.user();
        String draft = done(keyed("TemplateService/CreateTemplate", String.format(TEMPLATE, "")))
                .text("/id");
        calls.put("template_not_published", () -> send(claim(user, draft, 1, key())));
        calls.put("template_not_editable", () -> send("TemplateService/PauseTemplate", "{\"id\":\"" + draft + "\"}"));
        calls.put(
                "template_not_issuable",
                () -> send(
                        "IssuanceService/CreateIssuance",
                        "{\"issuance_no\":\"d\",\"template_id\":\"" + template(",\"daily_limit\":1")
                                + "\",\"audience\":{\"user_ids\":[1]}}"));
        calls.put("issuance_state_conflict", () -> {
            String id = done(send(
                            "IssuanceService/CreateIssuance",
                            "{\"issuance_no\":\"c\",\"template_id\":\"" + any
                                    + "\",\"audience\":{\"upload\":\"csv\"}}"))
                    .text("/id");
            done(send("IssuanceService/CancelIssuance", "{\"id\":\"" + id + "\"}"));
            return send("IssuanceService/PauseIssuance", "{\"id\":\"" + id + "\"}");
        });
        calls.put("template_paused", () -> {
            String paused = template("");
            done(send("TemplateService/PauseTemplate", "{\"id\":\"" + paused + "\"}"));
            return send(claim(user, paused, 1, key()));
        });
        calls.put("claim_ended", () -> {
            String ended = template("");
            done(send("TemplateService/EndTemplate", "{\"id\":\"" + ended + "\"}"));
            return send(claim(user, ended, 1, key()));
        });
        calls.put(
                "claim_not_started",
                () -> send(claim(user, template(",\"claim_from\":\"2031-01-01T00:00:00Z\""), 1, key())));
        String range =
                ",\"claim_from\":\"2026-01-01T00:00:00Z\",\"validity\":{\"type\":\"RANGE\",\"valid_from\":\"%s\",\"valid_to\":\"%s\"}";
        calls.put(
                "coupon_not_started",
                () -> redeem(
                        user,
                        "t-1",
                        quoted(coupon(
                                user, ranged(String.format(range, "2031-01-01T00:00:00Z", "2031-02-01T00:00:00Z"))))));
        calls.put("coupon_expired", () -> {
            String end =
                    Instant.ofEpochSecond(Instant.now().getEpochSecond() + 3).toString();
            String coupon = coupon(user, ranged(String.format(range, "2026-01-01T00:00:00Z", end)));
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> send("UserCouponService/GetCoupon", "{\"id\":\"" + coupon + "\"}")
                            .text("/status")
                            .endsWith("EXPIRED"));
            return redeem(user, "t-2", quoted(coupon));
        });
        calls.put(
                "version_conflict",
                () -> send(
                        "TemplateService/ReplaceProducts",
                        "{\"id\":\"" + template(",\"scope\":\"WHITE_LIST\"")
                                + "\",\"list_type\":\"WHITE_LIST\",\"products\":[\"a\"],\"version\":99}"));
        calls.put(
                "stock_below_issued",
                () -> send(
                        "TemplateService/AdjustStock",
                        "{\"id\":\"" + any + "\",\"adjustment_no\":\"less\",\"delta\":-1000}"));
        calls.put("sold_out", () -> {
            long scarce = mall.template(1, 0);
            done(send(claim(mall.user(), scarce, 1, key())));
            return send(claim(user, scarce, 1, key()));
        });
        calls.put("per_user_limit_reached", () -> send(claim(user, template(",\"per_user_limit\":1"), 2, key())));
        calls.put("budget_exhausted", () -> {
            String scarce = template(",\"budget\":{\"amount_minor\":700,\"currency\":\"CNY\"}");
            done(redeem(user, "t-3", quoted(coupon(user, scarce))));
            String second = coupon(user, scarce);
            assertThat(send(
                                    "RedemptionService/Validate",
                                    "{\"user_id\":" + user + ",\"coupons\":[" + quoted(second) + "]" + AN_ORDER + "}")
                            .text("/coupons/0/reason/code"))
                    .isEqualTo("budget_exhausted");
            Reply refused = redeem(user, "t-4", quoted(second));
            assertThat(refused.status()).isIn("409", "RESOURCE_EXHAUSTED");
            Reply raised = done(send(
                    "TemplateService/AdjustBudget",
                    "{\"id\":\"" + scarce + "\",\"adjustment_no\":\"more\",\"delta_minor\":300}"));
            assertThat(raised.text("/budget_minor")).isEqualTo("1000");
            assertThat(done(send("TemplateService/GetTemplate", "{\"id\":\"" + scarce + "\"}"))
                            .text("/budget/amount_minor"))
                    .isEqualTo("1000");
            done(redeem(user, "t-4", quoted(second)));
            return redeem(user, "t-5", quoted(coupon(user, scarce)));
        });
        calls.put("daily_limit_reached", () -> send(claim(user, template(",\"daily_limit\":1"), 2, key())));
        calls.put("idempotency_key_reused", () -> {
            String key = key();
            done(send(claim(user, any, 1, key)));
            return send(claim(user, any, 2, key));
        });
        calls.put("audience_not_matched", () -> send(claim(user, template(",\"audience\":\"region=east\""), 1, key())));
    }

    private String ranged(String more) {
        String id = done(keyed(
                        "TemplateService/CreateTemplate",
                        String.format(TEMPLATE.replace(",\"validity\":{\"type\":\"DAYS\",\"days\":3}", ""), more)))
                .text("/id");
        done(send("TemplateService/PublishTemplate", "{\"id\":\"" + id + "\"}"));
        return id;
    }

    private void codes(Map<String, Supplier<Reply>> calls, String any) {
        String fields = "{\"user_id\":%d,\"code\":\"%s\"}";
        String guess = String.format(fields, mall.user(), "AAAABBBBCCCCDDDD");
        calls.put("code_invalid", () -> keyed("CodeService/RedeemCode", guess));
        calls.put("code_already_used", () -> {
            String code = code(any);
            String own = String.format(fields, mall.user(), code);
            done(keyed("CodeService/RedeemCode", own));
            return keyed("CodeService/RedeemCode", own);
        });
        calls.put("code_batch_state_conflict", () -> {
            String batch = done(send(
                            "CodeService/CreateCodeBatch",
                            "{\"batch_no\":\"" + key() + "\",\"template_id\":\"" + any + "\",\"count\":2000}"))
                    .text("/id");
            return send("CodeService/ExportCodes", "{\"id\":\"" + batch + "\"}");
        });
        calls.put("too_many_failed_attempts", () -> {
            Awaitility.await()
                    .until(() -> keyed("CodeService/RedeemCode", guess).code().equals("too_many_failed_attempts"));
            return keyed("CodeService/RedeemCode", guess);
        });
    }

    private void troubles(Map<String, Supplier<Reply>> calls, String any) {
        calls.put("dependency_unavailable", () -> {
            try (CouponService keyless = CouponService.start(
                            mall.plan, options("keyless", Optional.empty(), Duration.ofSeconds(2)));
                    Transport other = open(keyless.port())) {
                return other.call(Call.of("CodeService/RedeemCode", "{\"user_id\":7,\"code\":\"AAAABBBBCCCCDDDD\"}")
                        .with("Idempotency-Key", key())
                        .with("Authorization", "Bearer " + ADMIN));
            }
        });
        calls.put("migration_fence", () -> {
            long epoch = mall.control.read().epoch().number();
            mall.closeFences(Side.NEW, epoch);
            try {
                return send(claim(mall.user(), any, 1, key()));
            } finally {
                mall.openFences(Side.NEW, epoch);
            }
        });
        calls.put("rate_limited", () -> {
            String app = done(desk("POST", "/v1/apps", "{\"name\":\"greedy\"}")).text("/id");
            String greedy = token(app, "{\"scopes\":[\"read\"]}");
            done(desk("PUT", "/v1/apps/" + app + "/quota", "{\"per_second\":1,\"burst\":1}"));
            return Awaitility.await()
                    .until(
                            () -> as(greedy, Call.of("TemplateService/GetTemplate", "{\"id\":\"" + any + "\"}")),
                            reply -> reply.retrySeconds() > 0);
        });
        calls.put(
                "shard_unavailable",
                () -> throughAWire((wire, other) -> {
                    done(claimedThrough(other, any, key()));
                    wire.refuse();
                    wire.reset(FaultProxy.EVERYBODY);
                    return claimedThrough(other, any, key());
                }));
        calls.put(
                "outcome_unknown",
                () -> throughAWire((wire, other) -> Awaitility.await()
                        .until(() -> claimedWithoutTheAnswerToItsCommit(wire, other, any), Optional::isPresent)
                        .orElseThrow()));
        calls.put("internal_error", () -> {
            mall.execute(DatabaseId.META, "RENAME TABLE coupon_stat TO coupon_stat_away");
            try {
                return send("StatsService/GetStats", "{\"id\":\"" + any + "\"}");
            } finally {
                mall.execute(DatabaseId.META, "RENAME TABLE coupon_stat_away TO coupon_stat");
            }
        });
    }

    /** An instance of its own without patience, between which and the shard databases is a wire that can be cut. */
    private Reply throughAWire(BiFunction<FaultProxy, Transport, Reply> test) {
        try (FaultProxy wire = FaultProxy.before(MySqlServer.shared().port());
                CouponService wired = CouponService.start(
                        mall.planWithShardsAt(wire.port()), options("wired", Optional.empty(), Duration.ofMillis(1)));
                Transport other = open(wired.port())) {
            return test.apply(wire, other);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Reply claimedThrough(Transport other, String template, String key) {
        return other.call(claim(mall.user(), template, 1, key).with("Authorization", "Bearer " + ADMIN));
    }

    /** Empty where something else lost the answer to its COMMIT. */
    private Optional<Reply> claimedWithoutTheAnswerToItsCommit(FaultProxy wire, Transport other, String template) {
        long user = mall.user();
        String key = key();
        Call claim = claim(user, template, 1, key);
        Reply unknown;
        try (Fault ignored = wire.swallowCommit(FaultProxy.EVERYBODY, 1)) {
            unknown = other.call(claim.with("Authorization", "Bearer " + ADMIN));
        }
        if (!unknown.code().equals("outcome_unknown")) {
            return Optional.empty();
        }
        assertThat(unknown.retrySeconds()).isEqualTo(1);
        // Whoever asks again with the key learns that it had happened.
        assertThat(done(send(claim)).replayed()).isTrue();
        return Optional.of(unknown);
    }

    /** A request that no client library would send. */
    private Reply malformed() {
        try (Socket socket = new Socket("127.0.0.1", service.port())) {
            socket.getOutputStream()
                    .write(
                            "POST /v1/claims HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: wonders\r\nConnection: close\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
            socket.setSoTimeout(5000);
            InputStream stream = socket.getInputStream();
            StringBuilder answer = new StringBuilder();
            for (int next = stream.read();
                    next >= 0 && answer.indexOf("\"request_refused\"") < 0;
                    next = stream.read()) {
                answer.append((char) next);
            }
            String code = answer.indexOf("\"request_refused\"") < 0 ? "" : "request_refused";
            return new Reply(
                    "417",
                    code,
                    "",
                    answer.toString(),
                    0,
                    false,
                    "",
                    new com.fasterxml.jackson.databind.ObjectMapper().createObjectNode());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
