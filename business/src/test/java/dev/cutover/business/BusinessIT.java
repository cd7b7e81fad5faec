package dev.cutover.business;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.CouponService;
import dev.cutover.coupon.SmallMall;
import dev.cutover.coupon.http.TrustedProxies;
import dev.cutover.coupon.stock.StockStrategy;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.sandbox.LoopbackPort;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.Scratch;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The two modules over a real coupon service, which tells them of coupons by its signed webhook; both lose each other and die. */
final class BusinessIT {
    private static final String ADMIN = "an-administrator-of-this-test-only-0123456789";
    private static final String MALL = "the-token-of-the-mall";
    private static final Duration UNHEARD = Duration.ofSeconds(2);
    private static final JsonMapper JSON = new JsonMapper();
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private static SmallMall mall;
    private static Path secrets;
    private static int corePort;
    private static CouponService core;
    private static String all;
    private static String app;
    private static String schema;
    private static BusinessSettings settings;
    private static BusinessService business;
    private static HttpClient client;

    @BeforeAll
    static void open() throws IOException {
        client = HttpClient.newHttpClient();
        mall = SmallMall.open();
        mall.moveTruth(Side.NEW);
        secrets = file("key " + Base64.getEncoder().encodeToString(new byte[32]) + "\nadmin " + ADMIN + "\n");
        corePort = LoopbackPort.free();
        core = startCore();
        app = toCore(ADMIN, "POST", "/v1/apps", "{\"name\":\"business\"}").field("id");
        all = token("[\"claim\",\"read\",\"use\",\"backoffice\"]");
        int port = LoopbackPort.free();
        String secret = toCore(
                        ADMIN,
                        "POST",
                        "/v1/apps/" + app + "/webhooks",
                        "{\"url\":\"http://127.0.0.1:" + port + "/v1/coupon_events\"}")
                .field("secret");
        schema = MySqlServer.shared().createDatabase("business");
        settings = settings(port, secret);
        business = BusinessService.start(settings, InstantSource.system(), UNHEARD);
    }

    private static BusinessSettings settings(int port, String secret) {
        MySqlServer server = MySqlServer.shared();
        return new BusinessSettings(
                port,
                "127.0.0.1:" + server.port() + "/" + schema,
                server.rootUser(),
                server.rootPassword(),
                URI.create("http://127.0.0.1:" + corePort),
                token("[\"claim\",\"read\"]"),
                MALL,
                secret);
    }

    private static CouponService startCore() {
        return CouponService.start(
                mall.plan,
                new CouponService.Options(
                        corePort,
                        "business-core",
                        Optional.empty(),
                        Duration.ofSeconds(5),
                        InstantSource.system(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(secrets),
                        StockStrategy.SLICES,
                        Optional.empty(),
                        false,
                        TrustedProxies.NONE,
                        Map.of(),
                        Optional.empty(),
                        true,
                        Optional.empty(),
                        List.of()));
    }

    private static String token(String scopes) {
        return toCore(ADMIN, "POST", "/v1/apps/" + app + "/tokens", "{\"scopes\":" + scopes + "}")
                .field("token");
    }

    private static Path file(String text) throws IOException {
        Path file = Files.createTempFile("business", ".txt");
        file.toFile().deleteOnExit();
        return Files.writeString(file, text);
    }

    @AfterAll
    static void close() {
        business.close();
        core.close();
        mall.close();
        MySqlServer.shared().dropDatabase(schema);
    }

    /** What was set aside and charged is what the conversions say, whatever happened. */
    @AfterEach
    void theBooksAreRight() {
        assertThat(rows(
                        "SELECT c.campaign_id FROM campaign c LEFT JOIN conversion v USING (campaign_id) GROUP BY c.campaign_id"
                                + " HAVING MAX(reserved_minor) <> MAX(price_minor) * COALESCE(SUM(v.state IN (0, 1, 5)), 0)"
                                + " OR MAX(charged_minor) <> MAX(price_minor) * COALESCE(SUM(v.state = 3), 0)"
                                + " OR MAX(reserved_minor) + MAX(charged_minor) > MAX(budget_minor)"))
                .as("campaigns whose money is not that of their conversions")
                .isEmpty();
        assertThat(
                        rows(
                                "SELECT taken FROM trade_in WHERE taken IS NULL AND state < 4 OR taken IS NOT NULL AND state >= 4"))
                .as("devices")
                .isEmpty();
    }

    private static List<String> rows(String sql) {
        try (Connection connection = MySqlServer.shared().connect(schema);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            List<String> all = new ArrayList<>();
            while (row.next()) {
                all.add(String.valueOf(row.getString(1)));
            }
            return all;
        } catch (SQLException e) {
            throw new AssertionError(sql, e);
        }
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
            assertThat(status).as(text).isBetween(200, 299);
            return json().path(name).asText();
        }

        String code() {
            return json().at("/error/code").asText();
        }
    }

    private static Reply send(int port, String token, String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .headers("Authorization", "Bearer " + token, "X-Operator", "ann")
                .header("Idempotency-Key", UUID.randomUUID().toString())
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            return new Reply(answer.statusCode(), answer.body());
        } catch (IOException e) {
            return new Reply(0, "{\"error\":{\"code\":\"no_answer\",\"message\":\"" + e + "\"}}");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static Reply toCore(String token, String method, String path, String body) {
        return send(corePort, token, method, path, body);
    }

    private static Reply toMall(String method, String path, String body) {
        return send(business.port(), MALL, method, path, body);
    }

    private static String number() {
        return "n" + NUMBERS.incrementAndGet();
    }

    /** A published template of the application, whose coupons take off so much. */
    private static String template(long amountOff, long total, int perUser) {
        String id = toCore(
                        all,
                        "POST",
                        "/v1/templates",
                        "{\"name\":\"T\",\"discount\":{\"kind\":\"STORE\",\"type\":\"AMOUNT_OFF\",\"amount_off_minor\":"
                                + amountOff + ",\"threshold_minor\":20000,\"currency\":\"CNY\"},\"total_quantity\":"
                                + total
                                + (perUser > 0 ? ",\"per_user_limit\":" + perUser : "")
                                + ",\"validity\":{\"type\":\"DAYS\",\"days\":3}}")
                .field("id");
        toCore(all, "POST", "/v1/templates/" + id + "/publish", "").field("id");
        return id;
    }

    private static List<String> couponsOf(long user) {
        List<String> ids = new ArrayList<>();
        toCore(all, "GET", "/v1/users/" + user + "/coupons?limit=100", "")
                .json()
                .path("data")
                .forEach(coupon -> ids.add(coupon.path("id").asText()));
        return ids;
    }

    private static String redeem(long user, String coupon) {
        return toCore(
                        all,
                        "POST",
                        "/v1/redemptions",
                        "{\"user_id\":" + user + ",\"order_no\":\"" + UUID.randomUUID() + "\",\"coupon_ids\":[\""
                                + coupon + "\"],\"order\":{\"amount_minor\":50000}}")
                .json()
                .at("/redemptions/0/id")
                .asText();
    }

    private static void prices(String model, String a, String b) {
        toMall("PUT", "/v1/trade_in_prices/" + model + "/A", "{\"template_id\":\"" + a + "\"}")
                .field("grade");
        toMall("PUT", "/v1/trade_in_prices/" + model + "/B", "{\"template_id\":\"" + b + "\"}")
                .field("grade");
    }

    private static Reply quote(String no, long user, String model, String serial) {
        return toMall(
                "POST",
                "/v1/trade_ins",
                "{\"trade_in_no\":\"" + no + "\",\"user_id\":" + user + ",\"model\":\"" + model
                        + "\",\"grade\":\"A\",\"serial_number\":\"" + serial + "\"}");
    }

    private static Reply move(String no, String act, String body) {
        return toMall("POST", "/v1/trade_ins/" + no + "/" + act, body);
    }

    @Test
    void aDeviceIsTradedInOnceForWhatItWasFoundToBeWorth() {
        String ten = template(10_000, 1_000, 0);
        String six = template(6_000, 1_000, 0);
        prices("Phone-7", ten, six);
        long user = mall.user();
        String no = number();
        assertThat(quote(no, user, "Phone-7", "SERIAL-1").field("state")).isEqualTo("QUOTED");
        assertThat(quote(no, user, "Phone-7", "SERIAL-1").field("template_id"))
                .as("again")
                .isEqualTo(ten);
        assertThat(quote(no, user, "Phone-7", "SERIAL-2").code()).isEqualTo("number_reused");
        assertThat(quote(number(), mall.user(), "Phone-7", "SERIAL-1").code()).isEqualTo("device_taken");
        assertThat(quote(number(), user, "Tablet", "SERIAL-3").code()).isEqualTo("no_price");
        assertThat(move(no, "accept", "").code()).as("not inspected").isEqualTo("state_conflict");
        assertThat(move(no, "inspect", "{\"grade\":\"B\"}").field("template_id"))
                .isEqualTo(six);
        Reply accepted = move(no, "accept", "");
        assertThat(accepted.field("state")).isEqualTo("GIVEN");
        assertThat(couponsOf(user)).containsExactly(accepted.field("coupon_id"));
        assertThat(move(no, "accept", "").field("coupon_id")).isEqualTo(accepted.field("coupon_id"));
        assertThat(move(no, "decline", "").code()).isEqualTo("state_conflict");
        assertThat(quote(number(), mall.user(), "Phone-7", "SERIAL-1").code()).isEqualTo("device_taken");
        assertThat(couponsOf(user)).hasSize(1);
    }

    @Test
    void whoTakesHisDeviceBackMayTradeItInAnotherTime() {
        String worth = template(10_000, 1_000, 0);
        prices("Phone-8", worth, worth);
        long user = mall.user();
        String no = number();
        quote(no, user, "Phone-8", "BACK-1").field("state");
        move(no, "inspect", "{\"grade\":\"B\"}").field("state");
        assertThat(move(no, "decline", "").field("state")).isEqualTo("DECLINED");
        assertThat(move(no, "decline", "").field("state")).isEqualTo("DECLINED");
        assertThat(move(no, "accept", "").code()).isEqualTo("state_conflict");
        assertThat(quote(number(), user, "Phone-8", "BACK-1").field("state")).isEqualTo("QUOTED");
        assertThat(couponsOf(user)).isEmpty();
    }

    @Test
    void whoAcceptsManyTimesAtOnceGetsOneCoupon() throws ExecutionException, InterruptedException {
        String worth = template(10_000, 1_000, 0);
        prices("Phone-9", worth, worth);
        long user = mall.user();
        String no = number();
        quote(no, user, "Phone-9", "MANY-1").field("state");
        move(no, "inspect", "{\"grade\":\"A\"}").field("state");
        atOnce(16, i -> move(no, "accept", ""));
        assertThat(eventually("/v1/trade_ins/" + no, "GIVEN").field("coupon_id"))
                .isNotEmpty();
        assertThat(couponsOf(user)).hasSize(1);
    }

    private static List<Reply> atOnce(int times, IntFunction<Reply> call)
            throws ExecutionException, InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(16);
        try {
            List<Future<Reply>> calls = new ArrayList<>();
            for (int i = 0; i < times; i++) {
                int number = i;
                calls.add(threads.submit(() -> call.apply(number)));
            }
            List<Reply> replies = new ArrayList<>();
            for (Future<Reply> one : calls) {
                replies.add(one.get());
            }
            return replies;
        } finally {
            threads.shutdownNow();
        }
    }

    private static Reply eventually(String path, String state) {
        return Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(
                        () -> toMall("GET", path, ""),
                        reply -> reply.json().path("state").asText().equals(state));
    }

    private record Contract(String id, String secret) {
        Reply convert(String no, long user) {
            return send(
                    business.port(),
                    secret,
                    "POST",
                    "/v1/campaigns/" + id + "/conversions",
                    "{\"conversion_no\":\"" + no + "\",\"user_id\":" + user + "}");
        }

        Reply conversion(String no) {
            return send(business.port(), secret, "GET", "/v1/campaigns/" + id + "/conversions/" + no, "");
        }

        /** Reserved and charged. */
        List<Long> money() {
            JsonNode campaign = toMall("GET", "/v1/campaigns/" + id, "").json();
            return List.of(
                    campaign.path("reserved_minor").asLong(),
                    campaign.path("charged_minor").asLong());
        }
    }

    private static Contract campaign(String template, long price, long budget) {
        Reply created = toMall(
                "POST",
                "/v1/campaigns",
                "{\"advertiser\":\"acme\",\"name\":\"Spring\",\"template_id\":\"" + template + "\",\"price_minor\":"
                        + price + ",\"budget_minor\":" + budget + "}");
        return new Contract(created.field("id"), created.field("secret"));
    }

    private static void awaitMoney(Contract contract, long reserved, long charged) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(contract.money()).containsExactly(reserved, charged));
    }

    @Test
    void anAdvertiserPaysForCouponsThatAreUsedAndNeverMoreThanHisBudget() {
        Contract contract = campaign(template(500, 1_000, 0), 100, 250);
        long user = mall.user();
        String first = contract.convert("c-1", user).field("coupon_id");
        assertThat(contract.convert("c-1", user).field("coupon_id")).as("again").isEqualTo(first);
        assertThat(contract.convert("c-1", mall.user()).code()).isEqualTo("number_reused");
        contract.convert("c-2", mall.user()).field("coupon_id");
        assertThat(contract.convert("c-3", mall.user()).code()).isEqualTo("budget_exhausted");
        assertThat(contract.conversion("c-3").code())
                .as("nothing is left of it")
                .isEqualTo("not_found");
        assertThat(contract.money()).containsExactly(200L, 0L);

        String redemption = redeem(user, first);
        awaitMoney(contract, 100, 100);
        toCore(all, "POST", "/v1/redemptions/" + redemption + "/refunds", "{\"refund_no\":\"f\"}")
                .field("id");
        awaitMoney(contract, 200, 0);
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> contract.conversion("c-1").field("state").equals("GIVEN"));
        redeem(user, first);
        awaitMoney(contract, 100, 100);
        String second = contract.conversion("c-2").field("coupon_id");
        toCore(all, "POST", "/v1/coupons/" + second + "/void", "{\"reason\":\"a test\"}")
                .field("id");
        awaitMoney(contract, 0, 100);
        assertThat(contract.convert("c-4", mall.user()).field("state")).isEqualTo("GIVEN");
        toMall("POST", "/v1/campaigns/" + contract.id() + "/end", "").field("id");
        assertThat(contract.convert("c-5", mall.user()).code()).isEqualTo("campaign_ended");
    }

    @Test
    void manyConversionsAtOnceStayWithinTheBudget() throws ExecutionException, InterruptedException {
        Contract contract = campaign(template(500, 1_000, 0), 100, 1_000);
        List<Reply> replies = atOnce(40, i -> contract.convert("m-" + i, mall.user()));
        assertThat(replies.stream().filter(reply -> reply.status() == 200)).hasSize(10);
        assertThat(replies.stream().filter(reply -> reply.code().equals("budget_exhausted")))
                .hasSize(30);
        assertThat(contract.money()).containsExactly(1_000L, 0L);
    }

    @Test
    void whatTheCouponServiceRefusesCostsNothing() {
        Contract contract = campaign(template(500, 1_000, 1), 100, 1_000);
        long user = mall.user();
        contract.convert("r-1", user).field("coupon_id");
        Reply refused = contract.convert("r-2", user);
        assertThat(refused.field("state")).isEqualTo("REFUSED");
        assertThat(refused.field("refusal")).isEqualTo("per_user_limit_reached");
        assertThat(contract.money()).containsExactly(100L, 0L);
    }

    @Test
    void whileTheCouponServiceIsAwayWhatWasDecidedWaitsForIt() {
        String worth = template(10_000, 1_000, 0);
        prices("Phone-10", worth, worth);
        Contract contract = campaign(worth, 100, 1_000);
        long user = mall.user();
        String no = number();
        quote(no, user, "Phone-10", "AWAY-1").field("state");
        move(no, "inspect", "{\"grade\":\"A\"}").field("state");
        core.close();
        try {
            assertThat(move(no, "accept", "").field("state")).isEqualTo("ACCEPTED");
            assertThat(contract.convert("a-1", user).field("state")).isEqualTo("RESERVED");
            assertThat(toMall("PUT", "/v1/trade_in_prices/X/A", "{\"template_id\":\"" + worth + "\"}")
                            .code())
                    .isEqualTo("core_unavailable");
        } finally {
            core = startCore();
        }
        eventually("/v1/trade_ins/" + no, "GIVEN");
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> contract.conversion("a-1").field("state").equals("GIVEN"));
        assertThat(couponsOf(user)).hasSize(2);
    }

    @Test
    void whatNoWebhookToldIsAskedFor() {
        Contract contract = campaign(template(500, 1_000, 0), 100, 1_000);
        long used = mall.user();
        long voided = mall.user();
        String one = contract.convert("u-1", used).field("coupon_id");
        String two = contract.convert("u-2", voided).field("coupon_id");
        JsonNode hooks =
                toCore(ADMIN, "GET", "/v1/apps/" + app + "/webhooks", "").json().path("data");
        String hook = hooks.get(0).path("id").asText();
        assertThat(toCore(ADMIN, "DELETE", "/v1/apps/" + app + "/webhooks/" + hook, "")
                        .status())
                .isBetween(200, 299);
        try {
            redeem(used, one);
            toCore(all, "POST", "/v1/coupons/" + two + "/void", "{\"reason\":\"a test\"}")
                    .field("id");
            awaitMoney(contract, 0, 100);
        } finally {
            String secret = toCore(
                            ADMIN,
                            "POST",
                            "/v1/apps/" + app + "/webhooks",
                            "{\"url\":\"http://127.0.0.1:" + business.port() + "/v1/coupon_events\"}")
                    .field("secret");
            int port = business.port();
            business.close();
            settings = settings(port, secret);
            business = BusinessService.start(settings, InstantSource.system(), UNHEARD);
        }
    }

    @Test
    void whoIsKilledInTheMiddleLeavesNoConversionWithoutItsCouponAndNoneWithTwo()
            throws IOException, ExecutionException, InterruptedException {
        String template = template(500, 10_000, 0);
        Contract contract = campaign(template, 100, 1_000_000);
        Set<Long> users = new HashSet<>();
        JavaProcess process = process();
        int port = Integer.parseInt(Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> process.line("business ready on http://127.0.0.1:"), Optional::isPresent)
                .orElseThrow()
                .replaceAll(".*:", ""));
        AtomicInteger answered = new AtomicInteger();
        List<Long> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            all.add(mall.user());
        }
        atOnce(200, i -> {
            Reply reply = send(
                    port,
                    contract.secret(),
                    "POST",
                    "/v1/campaigns/" + contract.id() + "/conversions",
                    "{\"conversion_no\":\"k-" + i + "\",\"user_id\":" + all.get(i) + "}");
            if (answered.incrementAndGet() == 60) {
                process.kill();
            }
            return reply;
        });
        process.close();
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> rows("SELECT state FROM conversion WHERE state = 0 AND campaign_id = " + contract.id())
                        .isEmpty());
        List<String> coupons =
                rows("SELECT coupon_id FROM conversion WHERE state = 1 AND campaign_id = " + contract.id());
        System.out.println("killed behind 60 answers: " + coupons.size() + " conversions, each with its coupon");
        assertThat(coupons).hasSizeBetween(60, 199).doesNotHaveDuplicates();
        Map<Long, List<String>> ofUsers = new TreeMap<>();
        all.forEach(user -> ofUsers.put(user, couponsOf(user)));
        assertThat(ofUsers.values().stream().flatMap(List::stream))
                .as("coupons of these users and those the conversions know of")
                .containsExactlyInAnyOrderElementsOf(coupons);
        ofUsers.forEach((user, ids) -> {
            assertThat(ids).hasSizeLessThanOrEqualTo(1);
            users.add(user);
        });
        assertThat(users).hasSize(200);
    }

    private static JavaProcess process() throws IOException {
        MySqlServer server = MySqlServer.shared();
        return JavaProcess.named("business", Scratch.folder(), BusinessServiceMain.class.getName())
                .withEnvironment(Map.of(
                        "BUSINESS_PORT",
                        "0",
                        "BUSINESS_DATABASE",
                        settings.database(),
                        "BUSINESS_USER",
                        server.rootUser(),
                        "BUSINESS_PASSWORD_FILE",
                        file(server.rootPassword()).toString(),
                        "COUPON_ADDRESS",
                        settings.core().toString(),
                        "COUPON_TOKEN_FILE",
                        file(settings.coreToken()).toString(),
                        "BUSINESS_TOKEN_FILE",
                        file(MALL).toString(),
                        "COUPON_WEBHOOK_SECRET_FILE",
                        file(settings.webhookSecret()).toString()))
                .start();
    }

    @Test
    void nobodyButTheMallItsAdvertisersAndTheCouponServiceIsHeard() {
        Contract contract = campaign(template(500, 1_000, 0), 100, 1_000);
        assertThat(send(business.port(), "wrong", "POST", "/v1/campaigns", "{}").code())
                .isEqualTo("token_invalid");
        assertThat(send(business.port(), "wrong", "POST", "/v1/trade_ins", "{}").code())
                .isEqualTo("token_invalid");
        assertThat(new Contract(contract.id(), "wrong").convert("x", 7).code()).isEqualTo("token_invalid");
        assertThat(new Contract("999", contract.secret()).convert("x", 7).code())
                .isEqualTo("token_invalid");
        assertThat(send(business.port(), MALL, "POST", "/v1/coupon_events", "{}")
                        .code())
                .isEqualTo("signature_invalid");
        assertThat(contract.convert("bad number", 7).code()).isEqualTo("parameter_invalid");
        assertThat(contract.convert("x", -7).code()).isEqualTo("parameter_invalid");
        assertThat(toMall("POST", "/v1/trade_ins", "[]").code()).isEqualTo("parameter_invalid");
        assertThat(toMall("POST", "/v1/trade_ins", "{\"trade_in\":1}").code()).isEqualTo("parameter_invalid");
        assertThat(rows("SELECT 1 FROM conversion WHERE campaign_id = " + contract.id()))
                .isEmpty();
    }
}
