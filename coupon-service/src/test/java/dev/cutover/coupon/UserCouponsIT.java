package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisAddress;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.redis.RedisPatience;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.store.CouponFilter;
import dev.cutover.coupon.store.CouponStatus;
import dev.cutover.coupon.token.Tenant;
import dev.cutover.coupon.usercache.UserCache;
import dev.cutover.coupon.usercache.UserCacheCheck;
import dev.cutover.coupon.usercache.UserCacheFeed;
import dev.cutover.sandbox.RedisServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
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
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What users have not used is shown out of a real Redis as MySQL has it, whoever changed it and whatever becomes of Redis. */
final class UserCouponsIT {
    private static SideUnderTest side;
    private static RedisServer redis;
    private static ScheduledExecutorService scheduler;
    // Waits for a Redis that is only slow: a busy machine is no trouble of its own here.
    private static RedisDoor door;
    private static RedisDoor hasty;
    private MovableClock clock;
    private SimpleMeterRegistry meters;
    private UserCache cache;
    private UseRig writer;
    private CouponRooms reader;
    private CouponRooms plain;
    private UserCacheFeed feed;
    private UserCacheCheck check;
    private long template;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
        redis = RedisServer.start("user-coupons");
        scheduler = Executors.newScheduledThreadPool(2);
        door = RedisDoor.open(
                RedisAddress.parse(redis.uri()),
                new RedisPatience(Duration.ofSeconds(5), Duration.ofSeconds(5), 24),
                scheduler);
        hasty = RedisDoor.open(RedisAddress.parse(redis.uri()), RedisPatience.OF_A_USER, scheduler);
    }

    @AfterAll
    static void close() {
        door.close();
        hasty.close();
        scheduler.shutdownNow();
        redis.close();
        side.close();
    }

    @BeforeEach
    void instances() {
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(door::available);
        clock = new MovableClock();
        with(door);
    }

    private void with(RedisDoor through) {
        meters = new SimpleMeterRegistry();
        cache = new UserCache(through, meters);
        writer = new UseRig(side, instance());
        reader = instance();
        plain = side.roomsWith(clock, Failpoints.NONE);
        feed = reader.feed(cache, side.mall().topology, clock);
        check = reader.check(cache, side.mall().topology, clock);
        template = side.mall().template(100_000, 0);
        feed.tick();
    }

    private CouponRooms instance() {
        return side.roomsKeeping(cache, clock, users -> cache.drop(epoch(), users));
    }

    private static long epoch() {
        return side.rooms().databases().epoch().number();
    }

    private static ObjectNode page(CouponRooms rooms, long user, CouponStatus status) {
        return rooms.wallet().page(user, 100, Optional.empty(), Optional.of(status));
    }

    private void seenAsItIs(long user) {
        for (CouponStatus status : List.of(CouponStatus.AVAILABLE, CouponStatus.HELD)) {
            assertThat(page(reader, user, status)).isEqualTo(page(plain, user, status));
        }
    }

    private double counted(String outcome) {
        return meters.counter("coupon.user.cache", "outcome", outcome).count();
    }

    @Test
    void whatAUserHasIsReadFromMySqlOnceHoweverItIsAskedFor() {
        long user = writer.user();
        long other = side.mall().template(1_000, 0);
        List<CouponId> coupons = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            coupons.add(writer.coupon(user, i % 2 == 0 ? template : other));
        }
        writer.hold(user, "o", coupons.get(3));
        seenAsItIs(user);
        assertThat(counted("miss")).isEqualTo(1);
        for (CouponFilter filter : List.of(
                new CouponFilter(
                        Optional.of(CouponStatus.AVAILABLE),
                        OptionalInt.empty(),
                        Optional.of(new TemplateId(template))),
                new CouponFilter(Optional.of(CouponStatus.AVAILABLE), OptionalInt.of(1), Optional.empty()),
                new CouponFilter(Optional.of(CouponStatus.AVAILABLE), OptionalInt.of(3), Optional.empty()))) {
            for (Optional<CouponId> after : List.of(Optional.<CouponId>empty(), Optional.of(coupons.get(0)))) {
                for (int limit = 1; limit <= 3; limit++) {
                    assertThat(reader.wallet().page(user, limit, after, filter, Tenant.ALL))
                            .isEqualTo(plain.wallet().page(user, limit, after, filter, Tenant.ALL));
                }
            }
        }
        assertThat(reader.wallet()
                        .page(
                                user,
                                2,
                                Optional.empty(),
                                CouponFilter.of(Optional.of(CouponStatus.AVAILABLE)),
                                id -> id.number() == other))
                .isEqualTo(plain.wallet()
                        .page(
                                user,
                                2,
                                Optional.empty(),
                                CouponFilter.of(Optional.of(CouponStatus.AVAILABLE)),
                                id -> id.number() == other));
        clock.forward(Duration.ofMinutes(11));
        seenAsItIs(user);
        clock.forward(Duration.ofDays(4));
        seenAsItIs(user);
        assertThat(counted("miss"))
                .as("what ends by itself needs nobody to be told")
                .isEqualTo(1);
    }

    @Test
    void whateverIsDoneToCouponsIsSeenByTheNextWhoAsksAnywhere() {
        Random random = new Random(20261123);
        List<Long> users = List.of(writer.user(), writer.user(), writer.user());
        Map<CouponId, Long> owners = new ConcurrentHashMap<>();
        List<CouponId> coupons = new ArrayList<>();
        List<HoldId> holds = new ArrayList<>();
        List<RedemptionId> used = new ArrayList<>();
        AtomicInteger done = new AtomicInteger();
        for (int i = 0; i < 300; i++) {
            int step = i;
            try {
                switch (random.nextInt(6)) {
                    case 0 -> {
                        long user = users.get(random.nextInt(users.size()));
                        CouponId coupon = writer.coupon(user, template);
                        coupons.add(coupon);
                        owners.put(coupon, user);
                    }
                    case 1 ->
                        any(coupons, random).ifPresent(id -> holds.add(writer.hold(owner(owners, id), "h" + step, id)));
                    case 2 ->
                        any(coupons, random)
                                .ifPresent(id -> used.add(writer.redeem(owner(owners, id), "r" + step, id)));
                    case 3 -> any(used, random).ifPresent(id -> writer.refundRest(id, "f" + step));
                    case 4 -> any(holds, random).ifPresent(random.nextBoolean() ? writer::release : writer::confirm);
                    default -> any(coupons, random).filter(id -> step % 5 == 0).ifPresent(this::voided);
                }
                done.incrementAndGet();
            } catch (Refusal e) {
                assertThat(e.getMessage())
                        .as("a coupon that is in another state than the step needs")
                        .isNotEmpty();
            }
            users.forEach(this::seenAsItIs);
        }
        assertThat(done.get()).isGreaterThan(100);
        assertThat(counted("hit")).isGreaterThan(300);
    }

    private static long owner(Map<CouponId, Long> owners, CouponId coupon) {
        return owners.getOrDefault(coupon, 0L);
    }

    private void voided(CouponId coupon) {
        var unused = writer.rooms().redemptions().voidCoupon(coupon, "ann", "a test", UseRig.key());
    }

    private static <T> Optional<T> any(List<T> of, Random random) {
        return of.isEmpty() ? Optional.empty() : Optional.of(of.get(random.nextInt(of.size())));
    }

    @Test
    void whatAnInstanceDidThatDiedBehindItsCommitIsSeenWhenTheLedgerWasRead() {
        UseRig dying = new UseRig(side, plain);
        long user = writer.user();
        CouponId first = writer.coupon(user, template);
        seenAsItIs(user);
        CouponId second = dying.coupon(user, template);
        var unused = dying.redeem(user, "dying", first);
        assertThat(page(reader, user, CouponStatus.AVAILABLE))
                .as("nobody was told")
                .isNotEqualTo(page(plain, user, CouponStatus.AVAILABLE));
        feed.tick();
        seenAsItIs(user);
        assertThat(page(reader, user, CouponStatus.AVAILABLE).at("/data/0/id").asText())
                .isEqualTo(second.toString());
        assertThat(counted("miss")).as("it was brought, not read anew").isEqualTo(1);
    }

    @Test
    void nobodyUsesACouponBecauseRedisHasIt() {
        long user = writer.user();
        CouponId coupon = writer.coupon(user, template);
        seenAsItIs(user);
        var unused = new UseRig(side, plain).redeem(user, "once", coupon);
        assertThat(page(reader, user, CouponStatus.AVAILABLE).path("data")).hasSize(1);
        assertThatThrownBy(() -> new UseRig(side, reader).redeem(user, "twice", coupon))
                .isInstanceOf(Refusal.class);
    }

    @Test
    void theCheckerMendsWhatSomebodySpoiledAndLeavesTheRest() {
        long spoiled = writer.user();
        long added = writer.user();
        long well = writer.user();
        for (long user : List.of(spoiled, added, well)) {
            writer.coupon(user, template);
            seenAsItIs(user);
        }
        String field =
                "local f = nil for _, one in ipairs(redis.call('hkeys', KEYS[1])) do if #one > 1 then f = one end end ";
        spoil(spoiled, field + "redis.call('hdel', KEYS[1], f) return 1");
        spoil(added, field + "redis.call('hset', KEYS[1], 'zzzz', redis.call('hget', KEYS[1], f)) return 1");
        assertThat(page(reader, spoiled, CouponStatus.AVAILABLE).path("data")).isEmpty();
        assertThat(page(reader, added, CouponStatus.AVAILABLE).path("data")).hasSize(2);
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            check.tick();
            clock.forward(Duration.ofSeconds(6));
            check.tick();
            return counted("repaired") == 2;
        });
        for (long user : List.of(spoiled, added, well)) {
            seenAsItIs(user);
        }
        assertThat(counted("repaired")).isEqualTo(2);
    }

    private static void spoil(long user, String script) {
        String key = "u" + Long.toString(epoch(), 36) + ":" + Long.toString(user, 36);
        assertThat(door.decide(script, List.of(key))).contains(true);
    }

    @Test
    void anInstanceShowsAUserTheSameWithItsRedisAndWithout() throws IOException, InterruptedException {
        long user = writer.user();
        try (CouponService service = CouponService.start(
                side.mall().plan,
                new CouponService.Options(
                                0, "user-coupons-it", Optional.empty(), Duration.ofSeconds(5), InstantSource.system())
                        .keeping(redis.uri()))) {
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
                send(service, "GET", "/v1/users/" + user + "/coupons?status=AVAILABLE", "");
                return send(service, "GET", "/metrics", "").contains("coupon_user_cache_total{outcome=\"hit\"}");
            });
            String first = claimed(service, user);
            assertThat(send(service, "GET", "/v1/users/" + user + "/coupons?status=AVAILABLE", ""))
                    .contains(first);
            redis.kill();
            String second = claimed(service, user);
            assertThat(send(service, "GET", "/v1/users/" + user + "/coupons?status=AVAILABLE", ""))
                    .contains(first, second);
            redis.restart();
        }
    }

    private String claimed(CouponService service, long user) throws IOException, InterruptedException {
        return StoreConformance.json(send(
                        service,
                        "POST",
                        "/v1/claims",
                        "{\"user_id\":" + user + ",\"items\":[{\"template_id\":\"tpl_" + template + "\"}]}"))
                .at("/coupons/0/id")
                .asText();
    }

    private static String send(CouponService service, String method, String path, String body)
            throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                                .header("Idempotency-Key", UseRig.key())
                                .method(method, HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void aUserWithMoreCouponsThanAreKeptIsShownThemAll() {
        long user = writer.user();
        for (int i = 0; i < 26; i++) {
            var unused = writer.rooms().claims().claim(user, new TemplateId(template), 20, UseRig.key());
        }
        seenAsItIs(user);
        seenAsItIs(user);
        assertThat(counted("hit")).isZero();
        assertThat(counted("too_many")).isGreaterThan(0);
    }

    @Test
    void whatBecomesOfRedisUnderLoadIsForgottenAMomentLater() throws ExecutionException, InterruptedException {
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(hasty::available);
        with(hasty);
        AtomicBoolean over = new AtomicBoolean();
        Map<Long, Boolean> users = new ConcurrentHashMap<>();
        AtomicInteger shown = new AtomicInteger();
        ScheduledExecutorService trouble = Executors.newSingleThreadScheduledExecutor();
        var feeding = scheduler.scheduleWithFixedDelay(feed::tick, 0, 200, TimeUnit.MILLISECONDS);
        try {
            var fate = trouble.submit(() -> {
                for (int i = 0; i < 3; i++) {
                    awaitShown(shown, 200);
                    redis.kill();
                    awaitShown(shown, 50);
                    redis.restart();
                    awaitShown(shown, 200);
                    redis.stopProcess();
                    awaitShown(shown, 20);
                    redis.resumeProcess();
                    awaitShown(shown, 200);
                    var unused = door.decide("redis.call('flushall') return 1", List.of());
                }
                over.set(true);
            });
            Parallel.run(6, thread -> {
                Random random = new Random(thread);
                while (!over.get()) {
                    long user = writer.user();
                    users.put(user, true);
                    CouponId coupon = writer.coupon(user, template);
                    var unused = page(reader, user, CouponStatus.AVAILABLE);
                    if (random.nextBoolean()) {
                        var alsoUnused = writer.redeem(user, "x" + user, coupon);
                    }
                    var againUnused = page(reader, user, CouponStatus.AVAILABLE);
                    shown.incrementAndGet();
                }
            });
            fate.get();
        } finally {
            over.set(true);
            feeding.cancel(false);
            trouble.shutdownNow();
        }
        long begun = System.nanoTime();
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(hasty::available);
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            feed.tick();
            users.keySet().forEach(this::seenAsItIs);
        });
        System.out.println("user cache: " + users.size() + " users as in MySQL "
                + Duration.ofNanos(System.nanoTime() - begun).toMillis() + " ms behind the last trouble, hits "
                + counted("hit") + ", misses " + counted("miss") + ", away " + counted("away"));
        assertThat(side.mall()
                        .number(
                                DatabaseId.shard(0),
                                "SELECT COUNT(*) FROM coupon_ledger WHERE act = 4 GROUP BY coupon_id, use_round"
                                        + " UNION ALL SELECT 0 ORDER BY 1 DESC LIMIT 1"))
                .as("uses of one coupon")
                .isLessThanOrEqualTo(1);
    }

    private static void awaitShown(AtomicInteger shown, int more) {
        int until = shown.get() + more;
        Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> shown.get() >= until);
    }
}
