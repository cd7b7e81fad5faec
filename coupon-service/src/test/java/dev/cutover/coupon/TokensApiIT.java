package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.token.Tokens;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tokens over real sockets: two instances, the mall and two applications. The first test still has the truth on OLD. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class TokensApiIT {
    private static final Logger LOG = LoggerFactory.getLogger(TokensApiIT.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String ADMIN = "an-administrator-of-this-test-only-0123456789";
    private static final String ALL_OF_AN_APP = "[\"claim\",\"use\",\"read\",\"backoffice\"]";
    private static final String TEMPLATE = """
            {"name": "Partners", "discount": {"kind": "STORE", "type": "AMOUNT_OFF", "amount_off_minor": 500,
             "threshold_minor": 3000, "currency": "CNY"}, "total_quantity": 100000, "per_user_limit": 50,
             "validity": {"type": "DAYS", "days": 3}}""";

    private static SmallMall mall;
    private static Path codeKeys;
    private static Path secrets;
    private static CouponService one;
    private static CouponService other;

    @BeforeAll
    static void open() throws IOException {
        mall = SmallMall.open();
        codeKeys = file("code-keys", "k1 " + Base64.getEncoder().encodeToString(new byte[32]) + "\n");
        secrets = file("tokens", "key " + Base64.getEncoder().encodeToString(new byte[32]) + "\nadmin " + ADMIN + "\n");
        one = CouponService.start(mall.plan, options("coupon-tokens-1"));
        other = CouponService.start(mall.plan, options("coupon-tokens-2"));
    }

    private static Path file(String name, String text) throws IOException {
        Path file = Files.createTempFile(name, ".txt");
        file.toFile().deleteOnExit();
        return Files.writeString(file, text);
    }

    private static CouponService.Options options(String instance) {
        return new CouponService.Options(
                0,
                instance,
                Optional.empty(),
                Duration.ofSeconds(2),
                InstantSource.system(),
                Optional.empty(),
                Optional.of(codeKeys),
                Optional.of(secrets));
    }

    @AfterAll
    static void close() {
        one.close();
        other.close();
        mall.close();
    }

    private record Reply(int status, String text) {
        JsonNode json() {
            try {
                return JSON.readTree(text);
            } catch (IOException e) {
                throw new AssertionError(text, e);
            }
        }

        String field(String name) {
            return json().path(name).asText();
        }

        String code() {
            return json().path("error").path("code").asText();
        }

        Reply as(int wanted) {
            assertThat(status).as(text).isEqualTo(wanted);
            return this;
        }
    }

    private static Reply send(CouponService service, String token, String method, String path, String body) {
        return send(service, token, UUID.randomUUID().toString(), method, path, body);
    }

    private static Reply send(
            CouponService service, String token, String key, String method, String path, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .header("X-Operator", "ann")
                .header("Idempotency-Key", key)
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), response.body());
        } catch (IOException e) {
            throw new AssertionError(method + " " + path + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** An application with tokens. */
    private record Client(String app, String id, String token) {
        Reply get(String path) {
            return send(one, token, "GET", path, "");
        }

        Reply post(String path, String body) {
            return send(one, token, "POST", path, body);
        }
    }

    private static Client client(String app, String scopes) {
        String id = app.equals("mall")
                ? "app_1"
                : send(one, ADMIN, "POST", "/v1/apps", "{\"name\":\"" + app + "\"}")
                        .field("id");
        return token(id, "{\"scopes\":" + scopes + "}");
    }

    private static Client token(String app, String body) {
        Reply made =
                send(one, ADMIN, "POST", "/v1/apps/" + app + "/tokens", body).as(201);
        return new Client(app, made.field("id"), made.field("token"));
    }

    /** Whose turn it is. */
    private static final class Turn {
        private volatile Client client;

        Turn(Client client) {
            this.client = client;
        }
    }

    private static HttpResponse<String> raw(CouponService service, String token, String path) {
        try {
            return CLIENT.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                            .header("Authorization", "Bearer " + token)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(path + " was not answered", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Test
    void whoSendsMoreThanTheQuotaIsToldWhenToComeBackAndOthersAreNot() {
        Client greedy = client("greedy", "[\"read\"]");
        Client quiet = client("quiet", "[\"read\"]");
        String path = "/v1/migration";
        assertThat(raw(one, greedy.token(), path).headers().firstValue("RateLimit-Limit"))
                .isEmpty();
        send(one, ADMIN, "PUT", "/v1/apps/" + greedy.app() + "/quota", "{\"per_second\":1,\"burst\":3}")
                .as(200);
        assertThat(send(one, ADMIN, "GET", "/v1/apps/" + greedy.app(), "")
                        .json()
                        .path("quota")
                        .toString())
                .isEqualTo("{\"per_second\":1,\"burst\":3}");
        HttpResponse<String> first = raw(one, greedy.token(), path);
        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(first.headers().firstValue("RateLimit-Limit")).contains("3");
        assertThat(first.headers().firstValue("RateLimit-Remaining")).contains("2");
        HttpResponse<String> refused =
                Awaitility.await().until(() -> raw(one, greedy.token(), path), answer -> answer.statusCode() == 429);
        assertThat(new Reply(429, refused.body()).code()).isEqualTo("rate_limited");
        assertThat(new Reply(429, refused.body())
                        .json()
                        .path("error")
                        .path("retryable")
                        .asBoolean())
                .isTrue();
        assertThat(refused.headers().firstValue("Retry-After")).contains("1");
        assertThat(refused.headers().firstValue("RateLimit-Remaining")).contains("0");
        assertThat(raw(one, quiet.token(), path).statusCode()).isEqualTo(200);
        Awaitility.await()
                .pollDelay(Duration.ofSeconds(1))
                .until(() -> raw(one, greedy.token(), path).statusCode() == 200);
        // The other instance hears of it like of a revocation.
        Awaitility.await()
                .until(() -> raw(other, greedy.token(), path)
                        .headers()
                        .firstValue("RateLimit-Limit")
                        .isPresent());
        send(one, ADMIN, "PUT", "/v1/apps/" + greedy.app() + "/quota", "{\"per_second\":0}")
                .as(200);
        assertThat(raw(one, greedy.token(), path).headers().firstValue("RateLimit-Limit"))
                .isEmpty();
    }

    private static String claim(String template, long user) {
        return "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"" + template + "\"}]}";
    }

    private static String template(Client client) {
        String id = client.post("/v1/templates", TEMPLATE).as(201).field("id");
        client.post("/v1/templates/" + id + "/publish", "").as(200);
        return id;
    }

    @Test
    @Order(1)
    void tokensAreMadeAndAskedForWhileOldHoldsTheTruth() {
        long legacy = mall.template(100, 0);
        Client shop = client("mall", "[\"claim\",\"read\"]");
        Client app = client("early", ALL_OF_AN_APP);
        String template = "tpl_" + legacy;
        Reply claimed = shop.post("/v1/claims", claim(template, 7)).as(201);
        String coupon = "/v1/coupons/"
                + claimed.json().path("coupons").path(0).path("id").asText();
        assertThat(send(other, shop.token(), "GET", coupon, "").as(200).field("template_id"))
                .isEqualTo(template);
        assertThat(app.post("/v1/claims", claim(template, 7)).as(404).code()).isEqualTo("template_not_found");
        assertThat(app.get(coupon).as(404).code()).isEqualTo("coupon_not_found");
        assertThat(app.post("/v1/templates", TEMPLATE).as(503).code()).isEqualTo("migration_fence");
        assertThat(send(one, "", "POST", "/v1/claims", claim(template, 7))
                        .as(401)
                        .code())
                .isEqualTo("token_missing");

        mall.moveTruth(Side.NEW);
        Awaitility.await().until(() -> shop.get("/v1/migration").field("truth").equals("NEW"));
        Awaitility.await()
                .until(() -> send(other, shop.token(), "GET", "/v1/migration", "")
                        .field("truth")
                        .equals("NEW"));
        shop.post("/v1/claims", claim(template, 8)).as(201);
        assertThat(app.post("/v1/claims", claim(template, 8)).as(404).code()).isEqualTo("template_not_found");
    }

    @Test
    @Order(2)
    void tokensThatReplaceEachOtherUnderLoadFailNoCall() throws InterruptedException {
        Client first = client("rotating", ALL_OF_AN_APP);
        String template = template(first);
        Turn current = new Turn(first);
        AtomicBoolean ended = new AtomicBoolean();
        AtomicInteger calls = new AtomicInteger();
        Queue<String> failed = new ConcurrentLinkedQueue<>();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        for (int i = 0; i < 4; i++) {
            CouponService service = i % 2 == 0 ? one : other;
            boolean claims = i < 2;
            threads.execute(() -> {
                while (!ended.get()) {
                    String token = current.client.token();
                    Reply reply = claims
                            ? send(service, token, "POST", "/v1/claims", claim(template, mall.user()))
                            : send(service, token, "GET", "/v1/templates/" + template, "");
                    calls.incrementAndGet();
                    if (reply.status() >= 300) {
                        failed.add(reply.text());
                    }
                }
            });
        }
        List<Client> replaced = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Client before = current.client;
            int done = calls.get();
            current.client = token(
                    before.app(),
                    "{\"scopes\":" + ALL_OF_AN_APP + ",\"replaces\":[\"" + before.id() + "\"],\"overlap_seconds\":2}");
            replaced.add(before);
            Awaitility.await().pollInterval(Duration.ofMillis(20)).until(() -> calls.get() > done + 20);
        }
        ended.set(true);
        threads.shutdown();
        assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        assertThat(failed).isEmpty();
        LOG.info("{} calls while ten tokens replaced each other, none failed", calls.get());
        Awaitility.await()
                .atMost(Duration.ofSeconds(4))
                .untilAsserted(() -> replaced.forEach(old ->
                        assertThat(old.get("/v1/migration").as(401).code()).isEqualTo("token_expired")));
        current.client.get("/v1/migration").as(200);
    }

    @Test
    @Order(3)
    void aRevokedTokenIsRefusedByEveryInstanceWithinTheBound() {
        Client app = client("revoked", "[\"read\"]");
        send(other, app.token(), "GET", "/v1/migration", "").as(200);
        long began = System.nanoTime();
        send(one, ADMIN, "DELETE", "/v1/apps/" + app.app() + "/tokens/" + app.id(), "")
                .as(200);
        assertThat(app.get("/v1/migration").as(401).code()).isEqualTo("token_invalid");
        Awaitility.await()
                .atMost(Tokens.BOUND)
                .pollInterval(Duration.ofMillis(20))
                .until(() ->
                        send(other, app.token(), "GET", "/v1/migration", "").status() == 401);
        LOG.info("Revoked: refused by the other instance after {} ms", (System.nanoTime() - began) / 1_000_000);

        Client disabled = client("disabled", "[\"read\"]");
        send(one, ADMIN, "POST", "/v1/apps/" + disabled.app() + "/disable", "").as(200);
        assertThat(disabled.get("/v1/migration").as(403).code()).isEqualTo("app_disabled");
        send(one, ADMIN, "POST", "/v1/apps/" + disabled.app() + "/enable", "").as(200);
        disabled.get("/v1/migration").as(200);
    }

    @Test
    @Order(4)
    void aRequestCostsNoStatementAndTheDatabaseHasNoToken() {
        Client app = client("counted", ALL_OF_AN_APP);
        String template = template(app);
        app.get("/v1/templates/" + template).as(200);
        mall.forgetStatements();
        long began = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            app.get("/v1/templates/" + template).as(200);
        }
        long pollings = 2 * (2 + (System.nanoTime() - began) / Tokens.PACE.toNanos());
        assertThat(mall.statements("%app_token%")).isLessThanOrEqualTo(pollings);
        assertThat(mall.statements("%app_template%")).isZero();
        assertThat(mall.number(
                        DatabaseId.META,
                        "SELECT COUNT(*) FROM app_token WHERE LENGTH(token_hash) = 32 AND INSTR(?, HEX(token_hash)) = 0",
                        app.token()))
                .isEqualTo(mall.number(DatabaseId.META, "SELECT COUNT(*) FROM app_token"));
        assertThat(app.get("/v1/templates/" + template + "/audit")
                        .json()
                        .path("data")
                        .findValuesAsText("operator"))
                .contains(app.app() + "/ann");
    }

    @Test
    @Order(5)
    void applicationsUseTheSameKeysAndNumbersWithoutMeeting() {
        Client first = client("first", ALL_OF_AN_APP);
        Client second = client("second", ALL_OF_AN_APP);
        String firsts = template(first);
        String seconds = template(second);
        long user = mall.user();
        for (Client client : List.of(first, second)) {
            String own = client == first ? firsts : seconds;
            Reply claimed = send(one, client.token(), "same", "POST", "/v1/claims", claim(own, user))
                    .as(201);
            assertThat(claimed.field("request_no")).isEqualTo("same");
            send(other, client.token(), "same", "POST", "/v1/claims", claim(own, user))
                    .as(200);
            assertThat(client.get("/v1/claims/same?user_id=" + user).as(200).field("template_id"))
                    .isEqualTo(own);
            assertThat(client.get("/v1/users/" + user + "/coupons")
                            .json()
                            .path("data")
                            .findValuesAsText("template_id"))
                    .containsExactly(own);
            String ordered = "{\"batch_no\":\"same\",\"template_id\":\"" + own + "\",\"count\":1}";
            assertThat(client.post("/v1/code_batches", ordered).as(201).field("batch_no"))
                    .isEqualTo("same");
            String issuance =
                    "{\"issuance_no\":\"same\",\"template_id\":\"" + own + "\",\"audience\":{\"upload\":\"csv\"}}";
            client.post("/v1/issuances", issuance).as(201);
            assertThat(client.get("/v1/issuances").json().path("data").findValuesAsText("issuance_no"))
                    .containsExactly("same");
        }
        Reply partial = first.post(
                "/v1/claims",
                "{\"user_id\":" + user + ",\"mode\":\"partial\",\"items\":[{\"template_id\":\"" + firsts
                        + "\"},{\"template_id\":\"" + seconds + "\"}]}");
        assertThat(partial.as(201).json().path("items").path(1).path("refused").asText())
                .isEqualTo("template_not_found");
    }

    /** What an application has, one of each. */
    private record Belongings(
            long user,
            String template,
            String coupon,
            String redemption,
            String hold,
            String issuance,
            String batch,
            String code,
            String key,
            String recall) {
        List<String> ids() {
            return List.of(template, coupon, redemption, hold, issuance, batch, recall);
        }
    }

    private static Belongings belongings(Client owner) {
        String template = template(owner);
        long user = mall.user();
        String key = UUID.randomUUID().toString();
        JsonNode coupons = send(
                        one,
                        owner.token(),
                        key,
                        "POST",
                        "/v1/claims",
                        "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"" + template + "\",\"quantity\":3}]}")
                .as(201)
                .json()
                .path("coupons");
        String use = "{\"user_id\":" + user
                + ",\"order_no\":\"o-%d\",\"coupon_ids\":[\"%s\"],\"order\":{\"amount_minor\":5000}}";
        String redeemed = use.formatted(user, coupons.path(0).path("id").asText());
        String held = use.formatted(user + 1_000_000, coupons.path(1).path("id").asText());
        String batch = owner.post(
                        "/v1/code_batches",
                        "{\"batch_no\":\"" + key + "\",\"template_id\":\"" + template + "\",\"count\":2}")
                .field("id");
        Awaitility.await()
                .until(() ->
                        owner.get("/v1/code_batches/" + batch).field("state").equals("READY"));
        String csv = owner.get("/v1/code_batches/" + batch + "/export").as(200).text();
        return new Belongings(
                user,
                template,
                coupons.path(2).path("id").asText(),
                owner.post("/v1/redemptions", redeemed)
                        .as(201)
                        .json()
                        .path("redemptions")
                        .path(0)
                        .path("id")
                        .asText(),
                owner.post("/v1/holds", held).as(201).field("id"),
                owner.post(
                                "/v1/issuances",
                                "{\"issuance_no\":\"" + key + "\",\"template_id\":\"" + template
                                        + "\",\"audience\":{\"upload\":\"csv\"}}")
                        .as(201)
                        .field("id"),
                batch,
                csv.strip().lines().reduce((before, last) -> last).orElseThrow().split(",")[0],
                key,
                recall(owner, key));
    }

    private static String recall(Client owner, String number) {
        String template = "/v1/templates/" + template(owner);
        owner.post(template + "/pause", "").as(200);
        return owner.post(template + "/recalls", "{\"recall_no\":\"" + number + "\",\"reason\":\"x\"}")
                .as(202)
                .field("id");
    }

    /**
     * How a route is called with what is another's.
     *
     * @param path of the request, empty where there is nothing to name
     * @param expected the code of the refusal; LISTED: 200 without any of it
     */
    private record Sample(String path, String body, String expected) {}

    private static final String LISTED = "listed";
    private static final Sample NAMES_NOTHING = new Sample("", "", "");

    /** Every route there is; a new one fails the tests until somebody says here what it names. */
    private static Map<String, Sample> samples(Belongings there, long user) {
        String template = "/v1/templates/" + there.template();
        String issuance = "/v1/issuances/" + there.issuance();
        String batch = "/v1/code_batches/" + there.batch();
        String hold = "/v1/holds/" + there.hold();
        String redemption = "/v1/redemptions/" + there.redemption();
        String coupons = "[\"" + there.coupon() + "\"]";
        String use = "{\"user_id\":" + there.user() + ",\"order_no\":\"x-" + user + "\",\"coupon_ids\":" + coupons
                + ",\"order\":{\"amount_minor\":5000}}";
        String code = "{\"user_id\":" + user + ",\"code\":\"" + there.code() + "\"}";
        Map<String, Sample> all = new TreeMap<>();
        all.put("POST /v1/claims", new Sample("/v1/claims", claim(there.template(), user), "template_not_found"));
        all.put(
                "GET /v1/claims/{request_no}",
                new Sample("/v1/claims/" + there.key() + "?user_id=" + there.user(), "", "claim_not_found"));
        all.put("GET /v1/users/{user_id}/coupons", new Sample("/v1/users/" + there.user() + "/coupons", "", LISTED));
        all.put("GET /v1/coupons/{id}", new Sample("/v1/coupons/" + there.coupon(), "", "coupon_not_found"));
        all.put("POST /v1/codes/redeem", new Sample("/v1/codes/redeem", code, "code_invalid"));
        all.put("POST /v1/codes/validate", new Sample("/v1/codes/validate", code, "code_invalid"));
        all.put(
                "POST /v1/validations",
                new Sample(
                        "/v1/validations",
                        "{\"user_id\":" + there.user() + ",\"coupons\":" + coupons + "}",
                        "coupon_not_found"));
        all.put(
                "POST /v1/coupons/available",
                new Sample("/v1/coupons/available", "{\"user_id\":" + there.user() + "}", LISTED));
        all.put("POST /v1/redemptions", new Sample("/v1/redemptions", use, "coupon_not_found"));
        all.put("GET /v1/redemptions/{id}", new Sample(redemption, "", "redemption_not_found"));
        all.put(
                "POST /v1/redemptions/{id}/refunds",
                new Sample(
                        redemption + "/refunds",
                        "{\"refund_no\":\"x-" + user + "\",\"amount_minor\":1}",
                        "redemption_not_found"));
        all.put(
                "GET /v1/users/{user_id}/redemptions",
                new Sample("/v1/users/" + there.user() + "/redemptions", "", LISTED));
        all.put("POST /v1/holds", new Sample("/v1/holds", use, "coupon_not_found"));
        all.put("GET /v1/holds/{id}", new Sample(hold, "", "hold_not_found"));
        all.put("DELETE /v1/holds/{id}", new Sample(hold, "", "hold_not_found"));
        all.put("POST /v1/holds/{id}/confirm", new Sample(hold + "/confirm", "", "hold_not_found"));
        all.put(
                "POST /v1/coupons/{id}/void",
                new Sample("/v1/coupons/" + there.coupon() + "/void", "{\"reason\":\"x\"}", "coupon_not_found"));
        all.put("POST /v1/templates", NAMES_NOTHING);
        all.put("POST /v1/coupons/batch", new Sample("/v1/coupons/batch", "{\"ids\":" + coupons + "}", LISTED));
        all.put("GET /v1/products/{product}/coupons", new Sample("/v1/products/any/coupons?limit=100", "", LISTED));
        all.put("GET /v1/templates", new Sample("/v1/templates?limit=100", "", LISTED));
        all.put(
                "PATCH /v1/templates/{id}",
                new Sample(template, "{\"version\":0,\"name\":\"X\"}", "template_not_found"));
        all.put(
                "PUT /v1/templates/{id}/products",
                new Sample(
                        template + "/products",
                        "{\"list_type\":\"WHITE_LIST\",\"products\":[]}",
                        "template_not_found"));
        all.put(
                "POST /v1/templates/{id}/stock_adjustments",
                new Sample(
                        template + "/stock_adjustments",
                        "{\"adjustment_no\":\"x\",\"delta\":1}",
                        "template_not_found"));
        all.put(
                "POST /v1/templates/{id}/budget_adjustments",
                new Sample(
                        template + "/budget_adjustments",
                        "{\"adjustment_no\":\"x\",\"delta_minor\":1}",
                        "template_not_found"));
        all.put(
                "POST /v1/templates/{id}/recalls",
                new Sample(template + "/recalls", "{\"recall_no\":\"x\",\"reason\":\"x\"}", "template_not_found"));
        all.put("GET /v1/recalls/{id}", new Sample("/v1/recalls/" + there.recall(), "", "recall_not_found"));
        all.put("GET /v1/templates/{id}", new Sample(template, "", "template_not_found"));
        for (String part : List.of("stats", "stock", "products", "audit")) {
            all.put("GET /v1/templates/{id}/" + part, new Sample(template + "/" + part, "", "template_not_found"));
        }
        for (String move : List.of("publish", "pause", "resume", "end", "archive")) {
            all.put("POST /v1/templates/{id}/" + move, new Sample(template + "/" + move, "", "template_not_found"));
        }
        for (String malls : List.of(
                "GET /v1/super_blacklist/products",
                "POST /v1/super_blacklist/products",
                "GET /v1/super_blacklist/audit")) {
            all.put(malls, new Sample(malls.split(" ")[1], "{\"products\":[\"x\"]}", "scope_insufficient"));
        }
        all.put("GET /v1/claim_limits", new Sample("/v1/claim_limits", "", "scope_insufficient"));
        all.put(
                "PUT /v1/claim_limits",
                new Sample("/v1/claim_limits", "{\"coupons\":1,\"templates\":1}", "scope_insufficient"));
        all.put(
                "DELETE /v1/super_blacklist/products/{product}",
                new Sample("/v1/super_blacklist/products/x", "", "scope_insufficient"));
        for (String malls : List.of(
                "POST /v1/cache_builds",
                "GET /v1/cache_builds/{id}",
                "GET /v1/cache_tasks",
                "GET /v1/cache_tasks/{id}",
                "POST /v1/cache_tasks/{id}/retry",
                "GET /v1/cache_queues",
                "PUT /v1/cache_queues")) {
            String path = malls.split(" ")[1];
            all.put(
                    malls,
                    new Sample(
                            path.replace("{id}", path.contains("builds") ? "cab_1" : "cat_1"),
                            "{\"queues\":1}",
                            "scope_insufficient"));
        }
        all.put(
                "POST /v1/store_coupons",
                new Sample(
                        "/v1/store_coupons",
                        "{\"store_id\":\"0\",\"coupons\":{\"STORE\":[{\"template_id\":\"" + there.template()
                                + "\",\"product_id\":\"1\"}]}}",
                        LISTED));
        String ordering = "\"template_id\":\"" + there.template() + "\"";
        all.put(
                "POST /v1/issuances",
                new Sample(
                        "/v1/issuances",
                        "{\"issuance_no\":\"x-" + user + "\"," + ordering + ",\"audience\":{\"upload\":\"csv\"}}",
                        "template_not_found"));
        all.put("GET /v1/issuances", new Sample("/v1/issuances?limit=100", "", LISTED));
        all.put("GET /v1/issuances/{id}", new Sample(issuance, "", "issuance_not_found"));
        String operation = issuance.replace("/v1/issuances/", "/v1/operations/op_");
        all.put("GET /v1/operations/{id}", new Sample(operation, "", "issuance_not_found"));
        all.put("POST /v1/operations/{id}/cancel", new Sample(operation + "/cancel", "", "issuance_not_found"));
        all.put("PATCH /v1/issuances/{id}", new Sample(issuance, "{\"rate\":1}", "issuance_not_found"));
        all.put("GET /v1/issuances/{id}/failures", new Sample(issuance + "/failures", "", "issuance_not_found"));
        all.put("PUT /v1/issuances/{id}/audience", new Sample(issuance + "/audience", "7\n", "issuance_not_found"));
        for (String move : List.of("pause", "resume", "cancel")) {
            all.put("POST /v1/issuances/{id}/" + move, new Sample(issuance + "/" + move, "", "issuance_not_found"));
        }
        all.put(
                "POST /v1/code_batches",
                new Sample(
                        "/v1/code_batches",
                        "{\"batch_no\":\"x-" + user + "\"," + ordering + ",\"count\":1}",
                        "template_not_found"));
        all.put("GET /v1/code_batches/{id}", new Sample(batch, "", "code_batch_not_found"));
        all.put("POST /v1/code_batches/{id}/import", new Sample(batch + "/import", "{}", "code_batch_not_found"));
        all.put(
                "POST /v1/code_batches/{id}/void",
                new Sample(batch + "/void", "{\"reason\":\"x\"}", "code_batch_not_found"));
        all.put(
                "POST /v1/codes/void",
                new Sample("/v1/codes/void", "{\"code\":\"" + there.code() + "\",\"reason\":\"x\"}", "code_invalid"));
        all.put("GET /v1/code_batches/{id}/export", new Sample(batch + "/export?reason=x", "", "code_batch_not_found"));
        all.put("POST /v1/apps", new Sample("/v1/apps", "{\"name\":\"x\"}", "scope_insufficient"));
        all.put("GET /v1/apps", new Sample("/v1/apps", "", "scope_insufficient"));
        all.put("GET /v1/apps/{id}", new Sample("/v1/apps/app_1", "", "scope_insufficient"));
        for (String act : List.of("disable", "enable", "tokens")) {
            all.put("POST /v1/apps/{id}/" + act, new Sample("/v1/apps/app_1/" + act, "{}", "scope_insufficient"));
        }
        all.put("PUT /v1/apps/{id}/quota", new Sample("/v1/apps/app_1/quota", "{}", "scope_insufficient"));
        all.put("GET /v1/apps/{id}/tokens", new Sample("/v1/apps/app_1/tokens", "", "scope_insufficient"));
        all.put(
                "DELETE /v1/apps/{id}/tokens/{token}",
                new Sample("/v1/apps/app_1/tokens/tok_1", "", "scope_insufficient"));
        for (String hook : List.of(
                "POST /v1/apps/{id}/webhooks",
                "GET /v1/apps/{id}/webhooks",
                "DELETE /v1/apps/{id}/webhooks/{webhook}",
                "POST /v1/apps/{id}/webhooks/{webhook}/rotate",
                "GET /v1/apps/{id}/webhooks/{webhook}/deliveries",
                "POST /v1/apps/{id}/webhooks/{webhook}/replay")) {
            String path = hook.split(" ")[1].replace("{id}", "app_1").replace("{webhook}", "whk_1");
            all.put(hook, new Sample(path, "{}", "scope_insufficient"));
        }
        all.put("GET /v1/audit", new Sample("/v1/audit", "", "scope_insufficient"));
        all.put("GET /v1/migration", NAMES_NOTHING);
        all.put("GET /healthz", NAMES_NOTHING);
        all.put("GET /readyz", NAMES_NOTHING);
        all.put("* /metrics", NAMES_NOTHING);
        all.put("GET /openapi.json", NAMES_NOTHING);
        all.put("GET /docs/errors", NAMES_NOTHING);
        return all;
    }

    /** The routes that told, or did, something of what is another's. */
    private static List<String> leaks(CouponService service, Client stranger, Belongings there) {
        List<String> leaks = new ArrayList<>();
        boolean ofTheMall = stranger.app().equals("app_1");
        samples(there, mall.user()).forEach((route, sample) -> {
            if (sample.path().isEmpty() || (ofTheMall && sample.expected().equals("scope_insufficient"))) {
                return;
            }
            String method = route.substring(0, route.indexOf(' '));
            Reply reply = send(service, stranger.token(), method, sample.path(), sample.body());
            boolean hidden = sample.expected().equals(LISTED)
                    ? reply.status() == 200
                            && there.ids().stream().noneMatch(id -> reply.text().contains('"' + id + '"'))
                    : reply.status() == (sample.expected().equals("scope_insufficient") ? 403 : 404)
                            && reply.code().equals(sample.expected());
            if (!hidden) {
                leaks.add(route + ": " + reply.status() + " " + reply.text());
            }
        });
        return leaks;
    }

    @Test
    @Order(6)
    void aTemplateThatIsPausedOnOneInstanceIsClosedOnTheOtherWithinTwoSeconds() {
        Client office = client("pauser", ALL_OF_AN_APP);
        String template = template(office);
        // The other one has just read that it is open.
        send(other, office.token(), "POST", "/v1/claims", claim(template, mall.user()))
                .as(201);
        office.post("/v1/templates/" + template + "/pause", "").as(200);
        long paused = System.nanoTime();
        assertThat(office.post("/v1/claims", claim(template, mall.user())).code())
                .isEqualTo("template_paused");
        Awaitility.await()
                .pollInterval(Duration.ofMillis(20))
                .until(() -> send(other, office.token(), "POST", "/v1/claims", claim(template, mall.user()))
                        .code()
                        .equals("template_paused"));
        assertThat(Duration.ofNanos(System.nanoTime() - paused)).isLessThan(Duration.ofMillis(2_500));
    }

    @Test
    @Order(6)
    void applicationsAndTokensAreListedInPages() {
        Client paged = client("paged", "[\"read\"]");
        client("paged-too", "[\"read\"]");
        List<String> tokens = new ArrayList<>(List.of(paged.id()));
        for (int i = 0; i < 4; i++) {
            tokens.add(0, token(paged.app(), "{\"scopes\":[\"read\"]}").id());
        }
        assertThat(walk("/v1/apps/" + paged.app() + "/tokens")).isEqualTo(tokens);
        assertThat(walk("/v1/apps")).startsWith("app_1").contains(paged.app()).doesNotHaveDuplicates();
        for (String wrong : List.of("/v1/apps?starting_after=x", "/v1/apps/app_1/tokens?starting_after=app_1")) {
            assertThat(send(one, ADMIN, "GET", wrong, "").as(400).code()).isEqualTo("cursor_invalid");
        }
        assertThat(send(one, ADMIN, "GET", "/v1/apps?limit=0", "").as(400).code())
                .isEqualTo("parameter_invalid");
    }

    private static List<String> walk(String path) {
        List<String> ids = new ArrayList<>();
        String after = "";
        while (true) {
            JsonNode page = send(one, ADMIN, "GET", path + "?limit=2" + after, "")
                    .as(200)
                    .json();
            assertThat(page.path("data").size()).isLessThanOrEqualTo(2);
            page.path("data").forEach(each -> ids.add(each.path("id").asText()));
            if (!page.path("has_more").asBoolean()) {
                return ids;
            }
            after = "&starting_after=" + page.path("next_cursor").asText();
        }
    }

    private static List<String> acts(String query) {
        return send(one, ADMIN, "GET", "/v1/audit?limit=100&" + query, "")
                .as(200)
                .json()
                .path("data")
                .findValuesAsText("action");
    }

    /** The application has no templates, so nothing is ever sent there. */
    @Test
    @Order(6)
    void anAdministratorMakesWebhooksAndTheirSecretIsToldWhenItIsNew() {
        String app = client("hooked", ALL_OF_AN_APP).app();
        String hooks = "/v1/apps/" + app + "/webhooks";
        for (String wrong :
                List.of("http://93.184.216.34/", "https://127.0.0.1/", "https://a:b@93.184.216.34/", "::")) {
            Reply refused = send(one, ADMIN, "POST", hooks, "{\"url\":\"" + wrong + "\"}")
                    .as(400);
            assertThat(refused.json().path("error").path("param").asText()).isEqualTo("url");
        }
        assertThat(send(one, ADMIN, "POST", hooks, "{\"url\":\"https://93.184.216.34/\",\"types\":[\"coupon.lost\"]}")
                        .as(400)
                        .json()
                        .path("error")
                        .path("param")
                        .asText())
                .isEqualTo("types[0]");
        JsonNode made = send(
                        one,
                        ADMIN,
                        "POST",
                        hooks,
                        "{\"url\":\"https://93.184.216.34/\",\"types\":[\"coupon.redeemed\"]}")
                .as(201)
                .json();
        assertThat(made.path("secret").asText()).startsWith("whsec_");
        String hook = hooks + "/" + made.path("id").asText();
        assertThat(send(one, ADMIN, "GET", hooks, "").as(200).text())
                .contains(made.path("id").asText())
                .doesNotContain("whsec_");
        assertThat(send(other, ADMIN, "POST", hook + "/rotate", "{}").as(200).field("secret"))
                .startsWith("whsec_")
                .isNotEqualTo(made.path("secret").asText());
        assertThat(send(one, ADMIN, "GET", hook + "/deliveries?state=DEAD", "")
                        .as(200)
                        .json()
                        .path("data"))
                .isEmpty();
        assertThat(send(one, ADMIN, "POST", hook + "/replay", "{}")
                        .as(200)
                        .json()
                        .path("replayed")
                        .asInt())
                .isZero();
        send(one, ADMIN, "DELETE", hook, "").as(200);
        assertThat(send(one, ADMIN, "DELETE", hook, "").as(404).code()).isEqualTo("webhook_not_found");
        assertThat(acts("subject=" + made.path("id").asText()))
                .containsExactly("delete_webhook", "replay_webhook", "rotate_webhook", "create_webhook");
    }

    @Test
    @Order(6)
    void whatAnybodyChangesIsInTheAuditLogOnceWithWhoDidItAndWhatWasBefore() {
        Client watched = client("watched", ALL_OF_AN_APP);
        String app = "/v1/apps/" + watched.app();
        for (int i = 0; i < 2; i++) {
            // Asked twice, it is changed once.
            send(one, ADMIN, "PUT", app + "/quota", "{\"per_second\":9,\"burst\":12}")
                    .as(200);
        }
        send(one, ADMIN, "PUT", app + "/quota", "{\"per_second\":0}").as(200);
        Client next = token(watched.app(), "{\"scopes\":[\"read\"],\"replaces\":[\"" + watched.id() + "\"]}");
        Belongings there = belongings(watched);
        watched.post("/v1/codes/void", "{\"code\":\"" + there.code() + "\",\"reason\":\"lost\"}")
                .as(200);
        watched.post("/v1/code_batches/" + there.batch() + "/void", "{\"reason\":\"printed twice\"}")
                .as(200);
        watched.post("/v1/issuances/" + there.issuance() + "/cancel", "").as(200);
        for (int i = 0; i < 2; i++) {
            send(one, ADMIN, "DELETE", app + "/tokens/" + next.id(), "").as(200);
            send(one, ADMIN, "POST", app + "/disable", "").as(200);
        }
        send(one, ADMIN, "POST", app + "/enable", "").as(200);

        assertThat(acts("subject=" + watched.app()))
                .containsExactly(
                        "enable_app",
                        "disable_app",
                        "revoke_token",
                        "issue_token",
                        "limit_app",
                        "limit_app",
                        "issue_token",
                        "create_app");
        assertThat(acts("subject=" + there.batch()))
                .containsExactly("void_code_batch", "export_codes", "create_code_batch");
        assertThat(acts("subject=" + there.issuance())).containsExactly("move_issuance", "order_issuance");
        assertThat(acts("subject=" + there.template())).startsWith("void_code").endsWith("create");
        assertThat(acts("operator=" + watched.app() + "/ann&subject=" + there.batch()))
                .hasSize(3);
        assertThat(acts("operator=" + watched.app() + "/bob")).isEmpty();

        JsonNode taken = send(one, ADMIN, "GET", "/v1/audit?limit=1&subject=" + watched.app(), "")
                .json();
        assertThat(taken.path("has_more").asBoolean()).isTrue();
        JsonNode rest = send(
                        one,
                        ADMIN,
                        "GET",
                        "/v1/audit?limit=3&subject=" + watched.app() + "&starting_after="
                                + taken.path("next_cursor").asText(),
                        "")
                .json()
                .path("data");
        assertThat(rest.findValuesAsText("action")).containsExactly("disable_app", "revoke_token", "issue_token");
        JsonNode issued = rest.path(2).path("after");
        assertThat(issued.path("token").asText()).isEqualTo(next.id());
        assertThat(issued.path("replaces").path(0).asText()).isEqualTo(watched.id());
        JsonNode limits = send(one, ADMIN, "GET", "/v1/audit?limit=100&subject=" + watched.app(), "")
                .json()
                .path("data");
        assertThat(limits.path(4).path("before").path("burst").asInt()).isEqualTo(12);
        assertThat(limits.path(4).path("after").isNull()).isTrue();
        assertThat(limits.path(5).path("before").isNull()).isTrue();
        assertThat(limits.path(5).path("operator").asText()).isEqualTo("app_1/ann");
        assertThat(limits.toString()).doesNotContain(next.token()).doesNotContain(watched.token());
        assertThat(send(one, ADMIN, "GET", "/v1/audit?subject=tpl_x", "")
                        .as(400)
                        .code())
                .isEqualTo("parameter_invalid");
        assertThat(send(one, ADMIN, "GET", "/v1/audit?operator=a%20b", "")
                        .as(400)
                        .code())
                .isEqualTo("parameter_invalid");
        assertThat(watched.get("/v1/audit").as(403).code()).isEqualTo("scope_insufficient");
    }

    @Test
    @Order(6)
    void whatAnotherApplicationHasIsNotThereOnAnyRoute() {
        Client owner = client("owner", ALL_OF_AN_APP);
        Client stranger = client("stranger", ALL_OF_AN_APP);
        Client shop = client("mall", ALL_OF_AN_APP);
        Belongings there = belongings(owner);
        // A call of gRPC is the request of one of these routes; GrpcConformanceIT asks as a stranger, too.
        assertThat(one.routes().stream().filter(route -> !route.endsWith("/{method}")))
                .containsExactlyInAnyOrderElementsOf(samples(there, 1).keySet());
        String before =
                owner.get("/v1/templates/" + there.template() + "/stock").text();

        assertThat(leaks(one, stranger, there)).isEmpty();
        assertThat(leaks(other, shop, there)).isEmpty();

        assertThat(owner.get("/v1/templates/" + there.template()).field("status"))
                .isEqualTo("PUBLISHED");
        assertThat(owner.get("/v1/templates/" + there.template() + "/stock").text())
                .isEqualTo(before);
        assertThat(owner.get("/v1/coupons/" + there.coupon()).field("status")).isEqualTo("AVAILABLE");
        assertThat(owner.get("/v1/holds/" + there.hold()).field("status")).isEqualTo("HELD");
        assertThat(owner.get("/v1/redemptions/" + there.redemption()).field("refund_status"))
                .isEqualTo("NONE");
        assertThat(owner.get("/v1/issuances/" + there.issuance()).field("state"))
                .isEqualTo("AWAITING_AUDIENCE");
        assertThat(owner.post(
                                "/v1/codes/validate",
                                "{\"user_id\":" + mall.user() + ",\"code\":\"" + there.code() + "\"}")
                        .as(200)
                        .field("template_id"))
                .isEqualTo(there.template());

        // The test of the test: without the question whose a template is, nearly all of it comes out.
        try (CouponService twin =
                CouponService.start(mall.plan, options("coupon-tokens-twin"), owners -> (app, template) -> true)) {
            assertThat(leaks(twin, stranger, there)).hasSizeGreaterThan(30);
        }
    }

    @Test
    @Order(7)
    void everyRouteAsksForATokenAndForOneOfItsScope() {
        Belongings nobodys = new Belongings(
                1, "tpl_1", "cpn_1", "rdm_1", "hold_00000123456789ABCDEF", "iss_1", "cbt_1", "x", "x", "rcl_1");
        Client useless = client("mall", "[\"admin\"]");
        Client almighty = client("useful", ALL_OF_AN_APP);
        samples(nobodys, 1).forEach((route, sample) -> {
            String method = route.substring(0, route.indexOf(' '));
            if (sample.path().isEmpty()) {
                return;
            }
            Reply without = send(one, "", method, sample.path(), sample.body());
            assertThat(without.as(401).code()).as(route).isEqualTo("token_missing");
            assertThat(send(one, almighty.token() + "x", method, sample.path(), sample.body())
                            .as(401)
                            .code())
                    .as(route)
                    .isEqualTo("token_invalid");
            Client wrong = route.contains("/v1/apps") || route.equals("GET /v1/audit") ? almighty : useless;
            assertThat(send(one, wrong.token(), method, sample.path(), sample.body())
                            .as(403)
                            .code())
                    .as(route)
                    .isEqualTo("scope_insufficient");
        });
        for (String open : List.of("/healthz", "/readyz", "/metrics")) {
            send(one, "", "GET", open, "").as(200);
        }
        // Who is turned away is counted like everybody.
        assertThat(send(one, "", "GET", "/metrics", "").text()).containsPattern("coupon_http[^\n]*http_status=\"401\"");
        Reply refused = send(one, ADMIN, "POST", "/v1/apps/" + almighty.app() + "/tokens", "{\"scopes\":[\"admin\"]}");
        assertThat(refused.as(400).code()).isEqualTo("parameter_invalid");
        assertThat(send(one, ADMIN, "POST", "/v1/apps/app_1/tokens", "{\"scopes\":[\"all\"]}")
                        .as(400)
                        .json()
                        .path("error")
                        .path("param")
                        .asText())
                .isEqualTo("scopes[0]");
        assertThat(send(one, ADMIN, "GET", "/v1/apps/app_99999", "").as(404).code())
                .isEqualTo("app_not_found");
        assertThat(send(one, ADMIN, "DELETE", "/v1/apps/app_1/tokens/tok_99999", "")
                        .as(404)
                        .code())
                .isEqualTo("token_not_found");
    }
}
