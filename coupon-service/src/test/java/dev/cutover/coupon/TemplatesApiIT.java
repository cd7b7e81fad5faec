package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.http.TrustedProxies;
import dev.cutover.coupon.stock.StockStrategy;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The back office over real sockets: every route, every code, and what it may do in which stage of the migration. */
final class TemplatesApiIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String ORDINARY = """
            {"name": "Singles", "discount": {"kind": "STORE", "type": "AMOUNT_OFF", "amount_off_minor": 500,
             "threshold_minor": 3000, "currency": "CNY"}, "total_quantity": 10, "per_user_limit": 2,
             "validity": {"type": "DAYS", "days": 3}}""";

    private static final AtomicLong AHEAD_SECONDS = new AtomicLong();

    private static SmallMall mall;
    private static CouponService service;

    @BeforeAll
    static void open() {
        mall = SmallMall.open();
        mall.moveTruth(Side.NEW);
        service = CouponService.start(
                mall.plan,
                new CouponService.Options(
                        0,
                        "coupon-templates-it",
                        Optional.empty(),
                        Duration.ofSeconds(2),
                        () -> Instant.now().plusSeconds(AHEAD_SECONDS.get())));
    }

    @AfterAll
    static void close() {
        service.close();
        mall.close();
    }

    private record Reply(int status, JsonNode body, HttpResponse<String> raw) {
        String code() {
            return body.path("error").path("code").asText();
        }

        String param() {
            return body.path("error").path("param").asText("");
        }

        String id() {
            return body.path("id").asText();
        }
    }

    private static Reply send(String method, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), JSON.readTree(response.body()), response);
        } catch (IOException e) {
            throw new AssertionError(method + " " + path + " was not answered with JSON", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static Reply get(String path) {
        return send("GET", path, "");
    }

    private static Reply act(String method, String path, String body) {
        return send(method, path, body, "X-Operator", "ann@mall");
    }

    private static Reply create(String body, String key) {
        return send("POST", "/v1/templates", body, "X-Operator", "ann@mall", "Idempotency-Key", key);
    }

    private static Reply create(String body) {
        return create(body, UUID.randomUUID().toString());
    }

    private static Reply claim(long user, String template) {
        return send(
                "POST",
                "/v1/claims",
                "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"" + template + "\",\"quantity\":1}]}",
                "Idempotency-Key",
                UUID.randomUUID().toString());
    }

    private static void assertRefused(Reply reply, int status, String code, String param) {
        assertThat(reply.status()).as(reply.raw().body()).isEqualTo(status);
        assertThat(reply.code()).as(reply.raw().body()).isEqualTo(code);
        assertThat(reply.param()).as(reply.raw().body()).isEqualTo(param);
    }

    @Test
    void aTemplateLivesFromDraftToArchive() {
        String key = UUID.randomUUID().toString();
        Reply created = create(ORDINARY, key);
        assertThat(created.status()).as(created.raw().body()).isEqualTo(201);
        assertThat(created.body().path("status").asText()).isEqualTo("DRAFT");
        assertThat(created.body().path("version").asInt()).isZero();
        Reply again = create(ORDINARY, key);
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.raw().headers().firstValue("idempotent-replayed")).contains("true");
        assertThat(again.id()).isEqualTo(created.id());
        assertRefused(
                create(ORDINARY.replace("Singles", "Twins"), key), 422, "idempotency_key_reused", "Idempotency-Key");
        String path = "/v1/templates/" + created.id();
        assertThat(get(path).body()).isEqualTo(created.body());

        Reply edited = act(
                "PATCH", path, "{\"version\": 0, \"total_quantity\": 4, \"discount\": {\"amount_off_minor\": 600}}");
        assertThat(edited.status()).as(edited.raw().body()).isEqualTo(200);
        assertThat(edited.body().path("discount").path("amount_off_minor").asInt())
                .isEqualTo(600);
        assertThat(edited.body().path("discount").path("threshold_minor").asInt())
                .isEqualTo(3000);
        assertThat(edited.body().path("version").asInt()).isEqualTo(1);
        assertRefused(act("PATCH", path, "{\"version\": 0, \"name\": \"late\"}"), 409, "version_conflict", "version");
        assertRefused(act("PATCH", path, "{\"name\": \"late\"}"), 400, "parameter_missing", "version");
        Reply matched = send("PATCH", path, "{\"metadata\": {\"k\": \"v\"}}", "X-Operator", "bob", "If-Match", "\"1\"");
        assertThat(matched.body().path("metadata").path("k").asText())
                .as(matched.raw().body())
                .isEqualTo("v");

        assertRefused(claim(mall.user(), created.id()), 422, "template_not_published", "items[0].template_id");
        assertThat(act("POST", path + "/publish", "").body().path("status").asText())
                .isEqualTo("PUBLISHED");
        assertThat(claim(mall.user(), created.id()).status()).isEqualTo(201);
        assertRefused(
                act("PATCH", path, "{\"version\": 4, \"total_quantity\": 9}"), 409, "template_not_editable", "id");
        assertThat(act("PATCH", path, "{\"version\": 4, \"name\": \"Twelfth\"}")
                        .body()
                        .path("name")
                        .asText())
                .isEqualTo("Twelfth");
        assertThat(act("POST", path + "/pause", "").body().path("status").asText())
                .isEqualTo("PAUSED");
        assertRefused(claim(mall.user(), created.id()), 422, "template_paused", "items[0].template_id");
        assertThat(act("POST", path + "/resume", "").body().path("status").asText())
                .isEqualTo("PUBLISHED");

        Reply grown = act("POST", path + "/stock_adjustments", "{\"adjustment_no\": \"g-1\", \"delta\": 6}");
        assertThat(grown.status()).as(grown.raw().body()).isEqualTo(201);
        assertThat(grown.body().path("total_quantity").asInt()).isEqualTo(10);
        assertThat(act("POST", path + "/stock_adjustments", "{\"adjustment_no\": \"g-1\", \"delta\": 6}")
                        .status())
                .isEqualTo(200);
        assertRefused(
                act("POST", path + "/stock_adjustments", "{\"adjustment_no\": \"s-1\", \"delta\": -10}"),
                409,
                "stock_below_issued",
                "delta");
        assertThat(get(path + "/audit?limit=100").body().path("data").findValuesAsText("adjustment_no"))
                .containsExactly("g-1");
        Reply stock = get(path + "/stock");
        assertThat(stock.body().path("total_quantity").asInt()).isEqualTo(10);
        assertThat(stock.body().path("remaining").asInt()).isEqualTo(9);
        assertThat(stock.body().path("issued").asInt()).isEqualTo(1);

        assertThat(act("POST", path + "/end", "").body().path("status").asText())
                .isEqualTo("ENDED");
        assertRefused(act("POST", path + "/resume", ""), 409, "template_not_editable", "id");
        assertThat(act("POST", path + "/archive", "").body().path("status").asText())
                .isEqualTo("ARCHIVED");
        Reply audit = get(path + "/audit?limit=2");
        assertThat(audit.body().path("has_more").asBoolean()).isTrue();
        assertThat(audit.body().path("data").get(1).path("action").asText()).isEqualTo("edit");
        String cursor = audit.body().path("next_cursor").asText();
        assertThat(get(path + "/audit?starting_after=" + cursor)
                        .body()
                        .path("data")
                        .findValuesAsText("action"))
                .containsExactly(
                        "edit", "publish", "published", "edit", "pause", "resume", "adjust_stock", "end", "archive");
    }

    @Test
    void stockInOneRowADatabaseIsClaimedToItsLastPiece() {
        CouponService slices = service;
        try (CouponService inRows = CouponService.start(
                mall.plan,
                new CouponService.Options(
                        0,
                        "coupon-rows-it",
                        Optional.empty(),
                        Duration.ofSeconds(10),
                        InstantSource.system(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        StockStrategy.ROW,
                        Optional.empty(),
                        false,
                        TrustedProxies.NONE,
                        Map.of(),
                        Optional.empty(),
                        false,
                        Optional.empty(),
                        List.of()))) {
            service = inRows;
            int total = 101;
            String id = create(ORDINARY.replace("\"total_quantity\": 10", "\"total_quantity\": " + (total - 8)))
                    .id();
            long number = Long.parseLong(id.substring(4));
            assertThat(act("POST", "/v1/templates/" + id + "/publish", "").status())
                    .isEqualTo(200);
            assertThat(act(
                                    "POST",
                                    "/v1/templates/" + id + "/stock_adjustments",
                                    "{\"adjustment_no\": \"more\", \"delta\": 8}")
                            .status())
                    .isEqualTo(201);
            for (DatabaseId shard : mall.plan.shardDatabases()) {
                assertThat(mall.number(shard, "SELECT COUNT(*) FROM stock_slice WHERE template_id = ?", number))
                        .isEqualTo(1);
            }
            AtomicInteger granted = new AtomicInteger();
            AtomicInteger soldOut = new AtomicInteger();
            Parallel.run(24, i -> {
                for (int n = 0; n < 6; n++) {
                    Reply reply = claim(mall.user(), id);
                    if (reply.status() == 201) {
                        granted.incrementAndGet();
                    } else {
                        assertThat(reply.code()).as(reply.raw().body()).isEqualTo("sold_out");
                        soldOut.incrementAndGet();
                    }
                }
            });
            assertThat(granted).hasValue(total);
            assertThat(soldOut).hasValue(24 * 6 - total);
            assertThat(mall.issued(Side.NEW, number)).isEqualTo(total);
            assertThat(mall.remaining(number)).isZero();
        } finally {
            service = slices;
        }
    }

    @Test
    void aTemplateWhoseDatesHavePassedSinceIsStillToldUnderItsKey() {
        assertToldUnderItsKeyAfterItsEnd("\"claim_to\": \"%s\", ");
    }

    /** @param end a field of the template with a time, and a comma behind it */
    private static void assertToldUnderItsKeyAfterItsEnd(String end) {
        String soon =
                end.formatted(Instant.now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(600));
        String body = end.contains("valid_to")
                ? ORDINARY.replace(
                        "\"type\": \"DAYS\", \"days\": 3",
                        "\"type\": \"RANGE\", \"valid_from\": \"2026-01-01T00:00:00Z\", "
                                + soon.substring(0, soon.length() - 2))
                : ORDINARY.replace("\"name\"", soon + "\"name\"");
        String key = UUID.randomUUID().toString();
        Reply created = create(body, key);
        assertThat(created.status()).as(created.raw().body()).isEqualTo(201);
        AHEAD_SECONDS.set(3_600);
        try {
            Reply again = create(body, key);
            assertThat(again.status()).as(again.raw().body()).isEqualTo(200);
            assertThat(again.body()).isEqualTo(created.body());
            assertRefused(
                    create(body.replace("Singles", "Others"), key), 422, "idempotency_key_reused", "Idempotency-Key");
            assertThat(create(body).code()).isEqualTo("parameter_invalid");
        } finally {
            AHEAD_SECONDS.set(0);
        }
    }

    @Test
    void everythingThatIsWrongIsToldAtOnce() {
        Reply reply = create("""
                {"name": "", "discount": {"kind": "STORE", "type": "PERCENT_OFF", "percent_off_bp": 9000, "currency": "EUR"},
                 "total_quantity": "10", "daily_limit": 0, "validity": {"type": "RANGE", "valid_from": "2020-01-01T00:00:00Z",
                 "valid_to": "2020-01-02T00:00:00Z"}, "claim_from": "soon", "refund_policy": "EXTEND", "surprise": 1}""");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.code()).isEqualTo("parameter_invalid");
        assertThat(reply.body().path("error").path("details").findValuesAsText("param"))
                .containsExactlyInAnyOrder(
                        "surprise",
                        "discount.currency",
                        "total_quantity",
                        "claim_from",
                        "name",
                        "daily_limit",
                        "validity.valid_to",
                        "extend_days");
        Reply one = create(ORDINARY.replace("\"amount_off_minor\": 500", "\"amount_off_minor\": 3001"));
        assertRefused(one, 400, "parameter_invalid", "discount.threshold_minor");
        assertThat(one.body().path("error").path("message").asText()).contains("paid out");
    }

    @Test
    void whoeverChangesSomethingSaysWhoTheyAre() {
        Reply created = create(ORDINARY);
        String path = "/v1/templates/" + created.id();
        assertRefused(send("POST", path + "/publish", ""), 400, "parameter_missing", "X-Operator");
        assertRefused(send("POST", path + "/publish", "", "X-Operator", "a b"), 400, "parameter_invalid", "X-Operator");
        assertRefused(
                send("POST", "/v1/templates", ORDINARY, "X-Operator", "ann"),
                400,
                "idempotency_key_missing",
                "Idempotency-Key");
        assertRefused(act("POST", "/v1/templates/tpl_77/publish", ""), 404, "template_not_found", "id");
        assertRefused(act("POST", "/v1/templates/x/pause", ""), 404, "template_not_found", "id");
        assertRefused(get("/v1/templates/tpl_77/stock"), 404, "template_not_found", "id");
        assertRefused(get("/v1/templates?starting_after=x"), 400, "cursor_invalid", "starting_after");
        assertRefused(get("/v1/templates?limit=101"), 400, "parameter_invalid", "limit");
        assertRefused(get("/v1/templates?status=GONE"), 400, "parameter_invalid", "status");
        assertRefused(get(path + "/audit?starting_after=7"), 400, "cursor_invalid", "starting_after");
        assertRefused(
                act("POST", path + "/stock_adjustments", "{\"adjustment_no\": \"a\", \"delta\": 0}"),
                400,
                "parameter_invalid",
                "delta");
        assertRefused(
                act("POST", path + "/stock_adjustments", "{\"adjustment_no\": \"a\", \"delta\": 1}"),
                409,
                "template_not_editable",
                "id");
        assertThat(get("/v1/templates?status=DRAFT&limit=1").body().path("data"))
                .hasSize(1);
    }

    @Test
    void listsOfProductsAreReplacedReadAndForbidden() {
        Reply created = create(ORDINARY.replace("\"name\"", "\"scope\": \"WHITE_LIST\", \"name\""));
        String path = "/v1/templates/" + created.id() + "/products";
        Reply listed = act("PUT", path, "{\"list_type\": \"WHITE_LIST\", \"products\": [\"c\", \"a\", \"b\"]}");
        assertThat(listed.status()).as(listed.raw().body()).isEqualTo(200);
        assertThat(listed.body().path("count").asInt()).isEqualTo(3);
        assertThat(get("/v1/templates/" + created.id()).body().path("version").asInt())
                .isEqualTo(1);
        // As another instance would.
        mall.execute(
                DatabaseId.META,
                "UPDATE coupon_template SET name = 'Elsewhere' WHERE template_id = ?",
                Long.parseLong(created.id().substring(4)));
        assertThat(send("GET", "/v1/templates/" + created.id(), "", "Cache-Control", "no-cache")
                        .body()
                        .path("name")
                        .asText())
                .isEqualTo("Elsewhere");
        Reply page = get(path + "?limit=2");
        assertThat(page.body().path("data").toString()).isEqualTo("[\"a\",\"b\"]");
        assertThat(get(path + "?starting_after="
                                + page.body().path("next_cursor").asText())
                        .body()
                        .path("data")
                        .toString())
                .isEqualTo("[\"c\"]");
        assertRefused(
                act("PUT", path, "{\"list_type\": \"BLACK_LIST\", \"products\": []}"),
                400,
                "parameter_invalid",
                "list_type");
        assertRefused(
                act("PUT", path, "{\"list_type\": \"WHITE_LIST\", \"products\": [\"a\", \"A\"]}"),
                400,
                "parameter_invalid",
                "products[1]");
        assertRefused(
                act("PUT", path, "{\"list_type\": \"WHITE_LIST\", \"products\": [\"" + "x".repeat(65) + "\"]}"),
                400,
                "parameter_invalid",
                "products[0]");
        StringBuilder many = new StringBuilder("{\"list_type\": \"WHITE_LIST\", \"products\": [\"p\"");
        for (int i = 0; i < 10_000; i++) {
            many.append(",\"product-number-").append(i).append('"');
        }
        assertRefused(act("PUT", path, many + "]}"), 400, "batch_limit_exceeded", "products");
        assertThat(act("PUT", path, many.toString().replace("[\"p\",", "[") + "]}")
                        .body()
                        .path("count")
                        .asInt())
                .isEqualTo(10_000);

        assertThat(act("POST", "/v1/super_blacklist/products", "{\"products\": [\"never-1\"]}")
                        .body()
                        .path("added"))
                .hasSize(1);
        assertThat(get("/v1/super_blacklist/products").body().path("data").toString())
                .contains("never-1");
        assertThat(act("DELETE", "/v1/super_blacklist/products/never-1", "")
                        .body()
                        .path("removed"))
                .hasSize(1);
        assertThat(act("DELETE", "/v1/super_blacklist/products/never-1", "")
                        .body()
                        .path("removed"))
                .isEmpty();
        assertThat(get("/v1/super_blacklist/audit").body().path("data")).hasSize(2);
    }

    @Test
    void theMallsBackOfficeKnowsTheMallsRulesAndWaitsWhileItIsFrozen() {
        mall.moveTruth(Side.OLD);
        try {
            awaitTruth("OLD");
            String key = UUID.randomUUID().toString();
            Reply created = create(ORDINARY, key);
            assertThat(created.status()).as(created.raw().body()).isEqualTo(201);
            assertThat(created.body().path("status").asText()).isEqualTo("PUBLISHED");
            Reply again = create(ORDINARY, key);
            assertThat(again.raw().body()).isEqualTo(created.raw().body());
            assertThat(claim(mall.user(), created.id()).status()).isEqualTo(201);
            String path = "/v1/templates/" + created.id();
            long id = Long.parseLong(created.id().substring(4));
            assertThat(mall.number(DatabaseId.OLD, "SELECT num FROM mall_coupon WHERE id = ?", id))
                    .isEqualTo(9);
            assertThat(get(path + "/stock").body().path("issued").asInt()).isEqualTo(1);
            assertThat(get("/v1/templates?starting_after=tpl_" + (id - 1))
                            .body()
                            .path("data")
                            .get(0)
                            .path("id")
                            .asText())
                    .isEqualTo(created.id());
            assertToldUnderItsKeyAfterItsEnd("\"valid_to\": \"%s\", ");
            Reply far = create(ORDINARY.replace(
                    "\"type\": \"DAYS\", \"days\": 3",
                    "\"type\": \"RANGE\", \"valid_from\": \"2026-01-01T00:00:00Z\", \"valid_to\":"
                            + " \"+20000-01-01T00:00:00Z\""));
            assertRefused(far, 400, "parameter_invalid", "validity.valid_to");
            Reply percent = create(ORDINARY.replace(
                    "\"AMOUNT_OFF\", \"amount_off_minor\": 500", "\"PERCENT_OFF\", \"percent_off_bp\": 1500"));
            assertThat(percent.body().path("discount").path("percent_off_bp").asInt())
                    .isEqualTo(1500);
            Reply unknown = create(
                    ORDINARY.replace("\"name\"", "\"daily_limit\": 1, \"budget\": {\"amount_minor\": 1000}, \"name\""));
            assertRefused(unknown, 503, "migration_fence", "");
            assertThat(unknown.body().path("error").path("message").asText())
                    .contains("a limit a day", "a budget", "new side");
            assertThat(unknown.raw().headers().firstValue("retry-after")).contains("60");
            for (String move : new String[] {"pause", "resume", "archive"}) {
                assertRefused(act("POST", path + "/" + move, ""), 503, "migration_fence", "");
            }
            assertRefused(act("PATCH", path, "{\"version\": 0, \"name\": \"x\"}"), 503, "migration_fence", "");
            assertRefused(
                    act("POST", path + "/stock_adjustments", "{\"adjustment_no\": \"a\", \"delta\": 1}"),
                    503,
                    "migration_fence",
                    "");
            assertThat(act("POST", path + "/end", "").body().path("status").asText())
                    .isEqualTo("ENDED");
            assertThat(claim(mall.user(), created.id()).code()).isEqualTo("claim_ended");

            mall.freeze(true);
            awaitFrozen();
            assertRefused(create(ORDINARY), 503, "migration_fence", "");
            mall.copyForwardAll();
            mall.moveTruth(Side.NEW);
            awaitTruth("NEW");
            // Switched, and still reversible: what is written now would be lost on the way back.
            assertRefused(create(ORDINARY), 503, "migration_fence", "");
            mall.freeze(false);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> create(ORDINARY).status() == 201);
            // What was made under a key before the switch is not made again behind it.
            Reply behind = create(ORDINARY, key);
            assertThat(behind.status()).isEqualTo(200);
            assertThat(behind.raw().body()).isEqualTo(created.raw().body());
        } finally {
            if (mall.control.read().frozen()) {
                mall.freeze(false);
            }
            if (mall.control.read().truth() == Side.OLD) {
                mall.moveTruth(Side.NEW);
            }
            awaitTruth("NEW");
        }
    }

    @Test
    void aBudgetIsWrittenInTheDraftShownWithTheStockAndRaisedOnceForANumber() {
        Reply wrong = create(ORDINARY.replace(
                "\"name\"", "\"budget\": {\"amount_minor\": 0, \"currency\": \"EUR\", \"x\": 1}, \"name\""));
        assertRefused(wrong, 400, "parameter_invalid", "budget.x");
        assertThat(wrong.body().path("error").path("details").findValuesAsText("param"))
                .containsExactlyInAnyOrder("budget.x", "budget.currency");
        Reply created = create(ORDINARY.replace("\"name\"", "\"budget\": {\"amount_minor\": 3000}, \"name\""));
        assertThat(created.body().at("/budget/currency").asText()).isEqualTo("CNY");
        String path = "/v1/templates/" + created.id();
        assertThat(act("PATCH", path, "{\"version\": 0, \"budget\": null}")
                        .body()
                        .path("budget")
                        .isNull())
                .isTrue();
        assertThat(act("PATCH", path, "{\"version\": 1, \"budget\": {\"amount_minor\": 2000}}")
                        .body()
                        .at("/budget/amount_minor")
                        .asLong())
                .isEqualTo(2000);
        act("POST", path + "/publish", "");
        assertRefused(
                act("PATCH", path, "{\"version\": 4, \"budget\": {\"amount_minor\": 1}}"),
                409,
                "template_not_editable",
                "id");
        for (int status : new int[] {201, 200}) {
            Reply raised =
                    act("POST", path + "/budget_adjustments", "{\"adjustment_no\": \"b\", \"delta_minor\": 500}");
            assertThat(raised.status()).as(raised.raw().body()).isEqualTo(status);
            assertThat(raised.body().path("budget_minor").asLong()).isEqualTo(2500);
        }
        assertRefused(
                act("POST", path + "/budget_adjustments", "{\"adjustment_no\": \"c\", \"delta_minor\": -2501}"),
                409,
                "budget_exhausted",
                "delta_minor");
        JsonNode budget = get(path + "/stock").body().path("budget");
        assertThat(budget.path("amount_minor").asLong()).isEqualTo(2500);
        assertThat(budget.path("left_minor").asLong()).isEqualTo(2500);
        assertThat(get(path + "/audit?limit=100").body().path("data").findValuesAsText("action"))
                .contains("adjust_budget");
    }

    private static void awaitFrozen() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() ->
                        act("POST", "/v1/templates/tpl_77/publish", "").code().equals("migration_fence"));
    }

    private static void awaitTruth(String truth) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> get("/v1/migration").body().path("truth").asText().equals(truth));
    }
}
