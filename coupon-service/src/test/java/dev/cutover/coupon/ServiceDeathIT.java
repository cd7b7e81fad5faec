package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.RedisServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;

/**
 * Service processes that end in the middle of a command, as kill -9 ends them, and one that lives on: whoever asks that one with the same
 * key gets the one effect. A choice of points; with {@code CUTOVER_FAULTS=full} each point in each command.
 */
final class ServiceDeathIT {
    private static final boolean FULL = "full".equals(System.getenv("CUTOVER_FAULTS"));
    private static final Duration BOUND = Duration.ofSeconds(30);
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private static final String ORDER = "\"order\":{\"amount_minor\":5000}";
    private static final List<Failpoint> UNIT =
            List.of(Failpoint.UNIT_BEGUN, Failpoint.UNIT_FENCED, Failpoint.UNIT_WRITTEN, Failpoint.UNIT_COMMITTED);
    private static final List<Failpoint> USE = Stream.concat(
                    UNIT.stream(), Stream.of(Failpoint.USE_READ, Failpoint.USE_WRITTEN))
            .toList();

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private static SmallMall mall;
    private static Instance survivor;
    private static final Deque<Instance> VICTIMS = new ArrayDeque<>();
    private static final Deque<String> CODES = new ArrayDeque<>();
    private static final AtomicInteger STARTED = new AtomicInteger();
    private static final AtomicInteger KEYS = new AtomicInteger();

    /** A process of the service with a failpoint file of its own. */
    private record Instance(JavaProcess process, Path failpoints) {
        static Instance start() {
            return start(Map.of());
        }

        static Instance start(Map<String, String> environment) {
            String name = "coupon-" + STARTED.getAndIncrement();
            Path failpoints = folder.resolve(name + ".failpoints");
            try {
                JavaProcess process = JavaProcess.named(name, folder, CouponServiceMain.class.getName())
                        .withProperty(Failpoints.PROPERTY, failpoints.toString())
                        .withEnvironment(Map.of(
                                "CUTOVER_CONFIG",
                                mall.planFile("{env: MALL_PASSWORD}").toString(),
                                "MALL_PASSWORD",
                                MySqlServer.shared().rootPassword(),
                                "COUPON_CODE_KEYS",
                                folder.resolve("keys").toString(),
                                "COUPON_PORT",
                                "0",
                                "COUPON_INSTANCE",
                                name))
                        .withEnvironment(environment)
                        .start();
                return new Instance(process, failpoints);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        URI at(String path) {
            String ready = "coupon-service ready on ";
            Awaitility.await().atMost(BOUND).until(() -> process.line(ready).isPresent() || !process.alive());
            String line = process.line(ready).orElseThrow(() -> new AssertionError(process.lastWords()));
            return URI.create(line.substring(ready.length()) + path);
        }

        void haltAt(Failpoint point) {
            at(point, "halt");
        }

        void at(Failpoint point, String action) {
            try {
                Path draft = Files.writeString(folder.resolve("draft"), point.word() + "=" + action);
                Files.move(draft, failpoints, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private record Request(String method, String path, String key, String body) {}

    private record Reply(int status, boolean replayed, String body) {
        JsonNode json() {
            return StoreConformance.json(body);
        }
    }

    /** What is asked, after everything it needs was made through the survivor. */
    private enum Command {
        CLAIM(UNIT, () -> claim(mall.user(), mall.template(50, 2), 1)),
        BATCH_CLAIM(UNIT, () -> {
            long user = mall.user();
            return new Request(
                    "POST",
                    "/v1/claims",
                    key(),
                    "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"tpl_" + mall.template(50, 2)
                            + "\",\"quantity\":2},{\"template_id\":\"tpl_" + mall.template(-1, 0) + "\"}]}");
        }),
        REDEEM(USE, () -> {
            long user = mall.user();
            return redeem(user, coupon(user));
        }),
        HOLD(USE, () -> {
            long user = mall.user();
            return hold(user, coupon(user));
        }),
        CONFIRM(USE, () -> new Request("POST", "/v1/holds/" + held() + "/confirm", key(), "")),
        RELEASE(UNIT, () -> new Request("DELETE", "/v1/holds/" + held(), key(), "")),
        REFUND(USE, () -> refund("")),
        PART_OF_A_REFUND(USE, () -> refund(",\"amount_minor\":120")),
        RECALL(UNIT, () -> {
            long user = mall.user();
            return new Request("POST", "/v1/coupons/" + coupon(user) + "/void", key(), "{\"reason\":\"by mistake\"}");
        }),
        CODE(
                Stream.concat(
                                UNIT.stream(),
                                Stream.of(Failpoint.CODE_TAKEN, Failpoint.CODE_ISSUED, Failpoint.CODE_USED))
                        .toList(),
                () -> new Request(
                        "POST",
                        "/v1/codes/redeem",
                        key(),
                        "{\"user_id\":" + mall.user() + ",\"code\":\"" + CODES.remove() + "\"}")),
        PUBLISH(
                List.of(Failpoint.PUBLISH_BEGUN, Failpoint.PUBLISH_SLICED),
                () -> new Request("POST", "/v1/templates/" + draft() + "/publish", "", "")),
        ADJUST(
                List.of(Failpoint.ADJUST_BEGUN, Failpoint.ADJUST_MOVED),
                () -> new Request(
                        "POST",
                        "/v1/templates/" + published() + "/stock_adjustments",
                        "",
                        "{\"adjustment_no\":\"" + key() + "\",\"delta\":-17}")),
        ADJUST_BUDGET(
                List.of(Failpoint.ADJUST_BEGUN, Failpoint.ADJUST_MOVED),
                () -> new Request(
                        "POST",
                        "/v1/templates/" + published() + "/budget_adjustments",
                        "",
                        "{\"adjustment_no\":\"" + key() + "\",\"delta_minor\":-1700}"));

        final List<Failpoint> points;
        final Supplier<Request> prepare;

        Command(List<Failpoint> points, Supplier<Request> prepare) {
            this.points = points;
            this.prepare = prepare;
        }
    }

    @BeforeAll
    static void open() throws IOException {
        mall = SmallMall.open();
        mall.moveTruth(Side.NEW);
        Files.writeString(
                folder.resolve("keys"),
                "k1 "
                        + Base64.getEncoder()
                                .encodeToString("a key of thirty-two bytes for it".getBytes(StandardCharsets.US_ASCII))
                        + "\n");
        survivor = Instance.start();
        VICTIMS.add(Instance.start());
        Reply batch = done(new Request(
                "POST",
                "/v1/code_batches",
                "",
                "{\"batch_no\":\"deaths\",\"template_id\":\"tpl_" + mall.template(-1, 0)
                        + "\",\"count\":12,\"length\":16}"));
        String path = "/v1/code_batches/" + batch.json().path("id").asText();
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> done(new Request("GET", path, "", ""))
                        .json()
                        .path("state")
                        .asText()
                        .equals("READY"));
        done(new Request("GET", path + "/export", "", ""))
                .body()
                .lines()
                .skip(1)
                .forEach(line -> CODES.add(line.split(",", -1)[0]));
    }

    @AfterAll
    static void close() {
        VICTIMS.forEach(victim -> victim.process().kill());
        survivor.process().close();
        mall.close();
    }

    private static String key() {
        return "d" + KEYS.getAndIncrement();
    }

    private static Request claim(long user, long template, int quantity) {
        return new Request(
                "POST",
                "/v1/claims",
                key(),
                "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"tpl_" + template + "\",\"quantity\":"
                        + quantity + "}]}");
    }

    /** One that a budget pays for. */
    private static String coupon(long user) {
        return done(claim(user, mall.budgeted(20_000), 1))
                .json()
                .path("coupons")
                .get(0)
                .path("id")
                .asText();
    }

    private static Request redeem(long user, String coupon) {
        return new Request(
                "POST",
                "/v1/redemptions",
                key(),
                "{\"user_id\":" + user + ",\"order_no\":\"o" + KEYS.get() + "\",\"coupon_ids\":[\"" + coupon + "\"],"
                        + ORDER + "}");
    }

    private static Request hold(long user, String coupon) {
        return new Request(
                "POST",
                "/v1/holds",
                key(),
                "{\"user_id\":" + user + ",\"order_no\":\"h" + KEYS.get() + "\",\"coupon_ids\":[\"" + coupon
                        + "\"],\"ttl_seconds\":900," + ORDER + "}");
    }

    private static String held() {
        long user = mall.user();
        return done(hold(user, coupon(user))).json().path("id").asText();
    }

    private static Request refund(String part) {
        long user = mall.user();
        String use = done(redeem(user, coupon(user)))
                .json()
                .path("redemptions")
                .get(0)
                .path("id")
                .asText();
        return new Request(
                "POST",
                "/v1/redemptions/" + use + "/refunds",
                key(),
                "{\"refund_no\":\"f" + KEYS.get() + "\"" + part + "}");
    }

    private static String draft() {
        return done(new Request(
                        "POST",
                        "/v1/templates",
                        key(),
                        "{\"name\":\"Short lived\",\"total_quantity\":1000,\"budget\":{\"amount_minor\":50000},\"discount\":{\"kind\":\"STORE\",\"type\":\"AMOUNT_OFF\","
                                + "\"amount_off_minor\":500,\"threshold_minor\":3000},\"validity\":{\"type\":\"DAYS\",\"days\":30},"
                                + "\"scope\":\"ALL\"}"))
                .json()
                .path("id")
                .asText();
    }

    /** Not one of the mall: those are copied again with each new one of them, and their totals with them. */
    private static String published() {
        String draft = draft();
        done(new Request("POST", "/v1/templates/" + draft + "/publish", "", ""));
        return draft;
    }

    /** Empty when the connection broke off before an answer. */
    private static Optional<Reply> ask(Instance instance, Request request) throws ConnectException {
        HttpRequest.Builder http = HttpRequest.newBuilder(instance.at(request.path()))
                .timeout(Duration.ofSeconds(10))
                .header("X-Operator", "death")
                .method(
                        request.method(),
                        request.body().isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(request.body()));
        if (!request.key().isEmpty()) {
            http.header("Idempotency-Key", request.key());
        }
        try {
            HttpResponse<String> answer = CLIENT.send(http.build(), HttpResponse.BodyHandlers.ofString());
            return Optional.of(new Reply(
                    answer.statusCode(),
                    answer.headers().firstValue("idempotent-replayed").isPresent(),
                    answer.body()));
        } catch (ConnectException nobodyThere) {
            throw nobodyThere;
        } catch (IOException broken) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** The survivor's answer, asked again as long as it says that it may be. */
    private static Reply done(Request request) {
        List<String> answers = new ArrayList<>();
        return Awaitility.await()
                .atMost(BOUND)
                .pollInterval(Duration.ofMillis(50))
                .until(
                        () -> {
                            Reply reply = ask(survivor, request).orElseThrow();
                            answers.add(reply.status() + " " + reply.body());
                            if (reply.status() >= 400) {
                                assertThat(reply.json()
                                                .path("error")
                                                .path("retryable")
                                                .asBoolean())
                                        .as("%s: %s", request, answers)
                                        .isTrue();
                            }
                            return reply;
                        },
                        reply -> reply.status() < 300);
    }

    static Stream<Arguments> deaths() {
        if (FULL) {
            return Stream.of(Command.values())
                    .flatMap(command -> command.points.stream().map(point -> Arguments.of(point, command)));
        }
        return Stream.of(
                        Map.entry(Failpoint.UNIT_FENCED, Command.RECALL),
                        Map.entry(Failpoint.UNIT_WRITTEN, Command.CLAIM),
                        Map.entry(Failpoint.UNIT_COMMITTED, Command.PART_OF_A_REFUND),
                        Map.entry(Failpoint.USE_WRITTEN, Command.CONFIRM),
                        Map.entry(Failpoint.UNIT_COMMITTED, Command.RELEASE),
                        Map.entry(Failpoint.CODE_ISSUED, Command.CODE),
                        Map.entry(Failpoint.ADJUST_MOVED, Command.ADJUST))
                .map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
    }

    @ParameterizedTest
    @MethodSource("deaths")
    void whoeverAsksAgainAfterADeathGetsTheOneEffect(Failpoint point, Command command) {
        Request request = command.prepare.get();
        dieIn(request, point);
        Reply reply = done(request);
        Reply again = done(request);
        if (!request.key().isEmpty()) {
            assertThat(again.body()).isEqualTo(reply.body());
            assertThat(again.replayed()).isTrue();
        }
        holds();
    }

    /** Sends it to a process that ends at this point of it. */
    private static void dieIn(Request request, Failpoint point) {
        for (int attempt = 0; attempt < 5; attempt++) {
            Instance victim = VICTIMS.remove();
            // Its start takes longer than the rest, and somebody is needed next time.
            VICTIMS.add(Instance.start());
            victim.at("/readyz");
            victim.haltAt(point);
            try {
                assertThat(ask(victim, request))
                        .as("%s has to end %s", point, request)
                        .isEmpty();
                assertThat(victim.process().end(BOUND)).isPresent();
                return;
            } catch (ConnectException diedOfItsOwnWorkBefore) {
                assertThat(victim.process().end(BOUND)).isPresent();
            }
        }
        throw new AssertionError("No process lived until " + request + " came.");
    }

    /** The survivor finishes what others began. */
    private static void holds() {
        Awaitility.await()
                .atMost(BOUND)
                .pollInterval(Duration.ofMillis(100))
                .untilAsserted(() -> assertThat(CouponInvariants.violated(mall)).isEmpty());
    }

    @Test
    void aListOfCodesWhoseProcessDiesIsThereOnceAndCountedOnce() {
        String batch = done(new Request(
                        "POST",
                        "/v1/code_batches",
                        "",
                        "{\"batch_no\":\"" + key() + "\",\"template_id\":\"tpl_" + mall.template(-1, 0)
                                + "\",\"import\":true}"))
                .json()
                .path("id")
                .asText();
        Request list = new Request("POST", "/v1/code_batches/" + batch + "/import", "", "DEATH-1\nDEATH-2\nDEATH-3\n");
        dieIn(list, Failpoint.CODES_IMPORTED);
        assertThat(done(list).json().path("known").asInt()).isEqualTo(3);
        // The time it is given, which nobody waits for here.
        mall.execute(DatabaseId.META, "UPDATE coupon_code_upload SET begun_at = 0 WHERE counted IS NULL");
        Request look = new Request("GET", "/v1/code_batches/" + batch, "", "");
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> done(look).json().path("count").asInt() == 3);
        done(list);
        assertThat(done(look).json().path("count").asInt()).isEqualTo(3);
        holds();
    }

    @Test
    void anIssuanceWhoseWorkerDiesGivesEachUserOne() throws ConnectException {
        long template = mall.template(-1, 1);
        Request order = new Request(
                "POST",
                "/v1/issuances",
                "",
                "{\"issuance_no\":\"deaths\",\"template_id\":\"tpl_" + template
                        + "\",\"audience\":{\"range\":{\"from\":5000001,\"to\":5004000}},\"read_batch_size\":200}");
        Instance victim = VICTIMS.remove();
        victim.at("/readyz");
        victim.haltAt(Failpoint.ISSUE_STEP_COMMITTED);
        // Nobody else is to take the work before the victim has died of it.
        survivor.process().stop();
        try {
            ask(victim, order);
            assertThat(victim.process().end(BOUND)).as("a worker dies").isPresent();
        } finally {
            survivor.process().resume();
        }
        VICTIMS.add(Instance.start());
        if (!FULL) {
            // Its lease, which nobody waits for here.
            mall.execute(DatabaseId.META, "UPDATE issuance_chunk SET lease_until = 0 WHERE state = 1");
        }
        Reply ordered = done(order);
        assertThat(ordered.replayed()).isTrue();
        Request look =
                new Request("GET", "/v1/issuances/" + ordered.json().path("id").asText(), "", "");
        // In a full run what the dead one had begun stays its own for a lease of thirty seconds.
        Awaitility.await()
                .atMost(BOUND.multipliedBy(3))
                .until(() -> done(look).json().path("state").asText().equals("DONE"));
        JsonNode progress = done(look).json().path("progress");
        assertThat(progress.path("issued").asLong() + progress.path("duplicate").asLong())
                .as(progress.toString())
                .isEqualTo(4000);
        assertThat(mall.issued(Side.NEW, template)).isEqualTo(4000);
        holds();
    }

    @Test
    void aRecallWhoseWorkersDieVoidsEachCouponOnceAndCountsItOnce() throws ConnectException {
        String template = published();
        long number = Long.parseLong(template.substring("tpl_".length()));
        for (int i = 0; i < 24; i++) {
            done(claim(mall.user(), number, 1));
        }
        done(new Request("POST", "/v1/templates/" + template + "/pause", "", ""));
        Request order = new Request(
                "POST", "/v1/templates/" + template + "/recalls", "", "{\"recall_no\":\"deaths\",\"reason\":\"why\"}");
        survivor.process().stop();
        try {
            for (Failpoint point : EnumSet.range(
                    FULL ? Failpoint.RECALL_VOIDED : Failpoint.RECALL_COMMITTED, Failpoint.RECALL_COMMITTED)) {
                Instance victim = VICTIMS.remove();
                victim.at("/readyz");
                victim.haltAt(point);
                ask(victim, order);
                endTheLeaseOfRecalls();
                assertThat(victim.process().end(BOUND)).as("a worker dies").isPresent();
                VICTIMS.add(Instance.start());
            }
        } finally {
            survivor.process().resume();
        }
        endTheLeaseOfRecalls();
        String path = "/v1/recalls/" + done(order).json().path("id").asText();
        Awaitility.await()
                .atMost(BOUND)
                .untilAsserted(() -> assertThat(done(new Request("GET", path, "", ""))
                                .json()
                                .path("progress")
                                .toString())
                        .isEqualTo("{\"total\":24,\"done\":24,\"voided\":24,\"held\":0,\"used\":0}"));
        holds();
    }

    // Nobody waits for it here.
    private static void endTheLeaseOfRecalls() {
        mall.execute(DatabaseId.META, "UPDATE coupon_recall SET lease_until = 0");
    }

    @Test
    void aProcessThatSleepsLongerThanItsLockDoesNotClaimBeyondTheLimit()
            throws ConnectException, InterruptedException, ExecutionException, TimeoutException {
        try (RedisServer redis = RedisServer.start("sleeper")) {
            RedissonClient keys = look(redis);
            Instance sleeper = Instance.start(Map.of("REDIS_URI", redis.uri()));
            Instance other = Instance.start(Map.of("REDIS_URI", redis.uri()));
            ExecutorService caller = Executors.newSingleThreadExecutor();
            try {
                long template = mall.template(50, 1);
                for (int attempt = 0; ; attempt++) {
                    long user = mall.user();
                    Request claim = claim(user, template, 1);
                    sleeper.at("/readyz");
                    sleeper.at(Failpoint.UNIT_FENCED, "stop" + "\n".repeat(attempt));
                    Future<Optional<Reply>> slept = caller.submit(() -> ask(sleeper, claim));
                    Awaitility.await().atMost(BOUND).until(sleeper.process()::stopped);
                    // Its background work has units too.
                    boolean locked = keys.getKeys().count() > 0;
                    if (locked) {
                        Awaitility.await()
                                .atMost(BOUND)
                                .until(() -> keys.getKeys().count() == 0);
                        assertThat(ask(other, claim(user, template, 1))
                                        .orElseThrow()
                                        .status())
                                .isEqualTo(201);
                    }
                    sleeper.process().resume();
                    Reply woken =
                            slept.get(BOUND.toMillis(), TimeUnit.MILLISECONDS).orElseThrow();
                    if (locked) {
                        assertThat(woken.status()).as(woken.body()).isEqualTo(409);
                        assertThat(woken.body()).contains("per_user_limit_reached");
                        assertThat(mall.issued(Side.NEW, template)).isEqualTo(attempt + 1);
                        break;
                    }
                }
                holds();
            } finally {
                caller.shutdownNow();
                sleeper.process().close();
                other.process().close();
                keys.shutdown();
            }
        }
    }

    private static RedissonClient look(RedisServer redis) {
        Config config = new Config();
        config.useSingleServer().setAddress(redis.uri());
        return Redisson.create(config);
    }

    /** The twin: a claim that is not remembered where it is made, by its operation nor by its coupons' key. */
    @Test
    void aCommittedClaimThatNobodyRememberedIsDoneTwiceAndSeen() {
        long user = mall.user();
        long template = mall.template(-1, 0);
        Request request = claim(user, template, 1);
        // A process may end at a unit of its own background work, with the claim not committed yet.
        while (mall.issued(Side.NEW, template) == 0) {
            dieIn(request, Failpoint.UNIT_COMMITTED);
        }
        onAll("ALTER TABLE {user_coupon} DROP KEY uk_request");
        try {
            onAll("DELETE FROM {coupon_operation} WHERE user_id = " + user);
            done(request);
            assertThat(mall.issued(Side.NEW, template)).isEqualTo(2);
            assertThat(CouponInvariants.violated(mall))
                    .anySatisfy(violation -> assertThat(violation).startsWith("5 a request"));
        } finally {
            onAll("DELETE FROM {coupon_operation} WHERE user_id = " + user);
            onAll("DELETE FROM {user_coupon} WHERE user_id = " + user);
            onAll("ALTER TABLE {user_coupon} ADD UNIQUE KEY uk_request (user_id, request_no, item_no)");
        }
    }

    private static void onAll(String sql) {
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            mall.execute(
                    DatabaseId.shard(mall.plan.layout().databaseOf(slot)),
                    sql.replace("{user_coupon}", mall.plan.layout().physicalTable("user_coupon", slot))
                            .replace("{coupon_operation}", mall.plan.layout().physicalTable("coupon_operation", slot)));
        }
    }
}
