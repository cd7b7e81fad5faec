package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.issuance.Audience;
import dev.cutover.coupon.issuance.HttpMessageCentre;
import dev.cutover.coupon.issuance.IssuanceOrder;
import dev.cutover.coupon.issuance.IssuanceState;
import dev.cutover.coupon.issuance.IssuanceWorker;
import dev.cutover.coupon.issuance.Issuances;
import dev.cutover.coupon.issuance.MessageCentre;
import dev.cutover.coupon.issuance.Retries;
import dev.cutover.coupon.issuance.Tunables;
import dev.cutover.coupon.issuance.UserFailure;
import dev.cutover.coupon.issuance.WorkShares;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.store.MigrationFenceException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Targeted issuance on the new side: each user once, whatever dies in the middle, and every user accounted for. */
final class IssuanceIT {
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofSeconds(10);
    private static final Tunables SMALL = new Tunables(20, 25, 10, 0);
    private static final int CHUNK = 60;

    private static SideUnderTest side;

    private final AtomicLong skew = new AtomicLong();
    private final InstantSource clock = () -> Instant.now().plusMillis(skew.get());

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
    }

    @AfterAll
    static void close() {
        side.close();
    }

    @BeforeEach
    void truthIsNew() {
        assertThat(side.rooms().databases().truth()).isEqualTo(Side.NEW);
    }

    private Issuances issuances(SideUnderTest here, MessageCentre centre, Failpoints failpoints) {
        Issuances.Rooms rooms = here.rooms().issuing();
        return new Issuances(
                new Issuances.Rooms(
                        rooms.meta(),
                        rooms.databases(),
                        rooms.templates(),
                        rooms.sequences(),
                        rooms.transfers(),
                        rooms.soldOut(),
                        rooms.users(),
                        rooms.layout(),
                        clock,
                        rooms.budget()),
                centre,
                CHUNK,
                failpoints);
    }

    private Issuances issuances() {
        return issuances(side, MessageCentre.NONE, Failpoints.NONE);
    }

    private static IssuanceWorker worker(Issuances issuances, String name) {
        return issuances.worker(new IssuanceWorker.Options(name, LEASE, Duration.ofMinutes(1), new Retries(3, PAUSE)));
    }

    private static long[] users(int count) {
        return LongStream.generate(() -> side.mall().user()).limit(count).toArray();
    }

    private static IssuanceId order(Issuances issuances, long template, Tunables tunables, Audience audience) {
        return issuances
                .order(new IssuanceOrder(
                        UUID.randomUUID().toString(),
                        new TemplateId(template),
                        Optional.of(audience),
                        tunables,
                        "anna"))
                .progress()
                .task()
                .id();
    }

    private void later(Duration time) {
        skew.addAndGet(time.toMillis());
    }

    /** Throws once at this point. */
    private static Failpoints dyingAt(Failpoint point) {
        AtomicBoolean dead = new AtomicBoolean();
        return reached -> {
            if (reached == point && dead.compareAndSet(false, true)) {
                throw new IllegalStateException("The worker dies at " + point.word());
            }
        };
    }

    private static void assertAccounts(Issuances issuances, IssuanceId id) {
        Issuances.Progress progress = issuances.progress(id);
        assertThat(progress.task().issued() + progress.task().duplicates() + progress.failed() + progress.pending())
                .isEqualTo(progress.task().named());
        assertThat(progress.task().issued())
                .isEqualTo(
                        side.mall().issued(Side.NEW, progress.task().template().number()));
    }

    @Test
    void aBatchIsInsertedWithAtMostOneStatementATable() {
        long template = side.mall().template(500, 2);
        int users = 300;
        Issuances issuances = issuances();
        // As many a transaction as a chunk has, all of one database.
        IssuanceId id = order(issuances, template, new Tunables(CHUNK, CHUNK, 10, 0), Audience.of(users(users)));
        side.mall().forgetStatements();
        worker(issuances, "counted").tick();
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(users);
        long chunks = side.mall()
                .number(
                        DatabaseId.META,
                        "SELECT COUNT(*) FROM issuance_chunk WHERE task_id = ?",
                        issuances.progress(id).task().id().number());
        assertThat(side.mall().statements("INSERT INTO user_coupon%"))
                .isPositive()
                .isLessThanOrEqualTo(chunks * SmallMall.TABLES)
                .isLessThan(users);
    }

    @Test
    void eachUserOfAnAudienceIsIssuedOneCouponAndNamedTwiceCountsAsDuplicate() {
        long template = side.mall().template(500, 2);
        long[] users = users(200);
        long[] named = Arrays.copyOf(users, 230);
        System.arraycopy(users, 50, named, 200, 30);
        Issuances issuances = issuances();
        IssuanceId id = order(issuances, template, SMALL, Audience.of(named));
        worker(issuances, "one").tick();
        Issuances.Progress progress = issuances.progress(id);
        assertThat(progress.task().state()).isEqualTo(IssuanceState.DONE);
        assertThat(progress.task().named()).isEqualTo(230);
        assertThat(progress.task().issued()).isEqualTo(200);
        assertThat(progress.task().duplicates()).isEqualTo(30);
        assertThat(progress.pending()).isZero();
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(200);
        assertThat(side.mall().remaining(template)).isEqualTo(300);
        assertThat(progress.messagesWaiting()).isPositive();
        var page = side.rooms().wallet().page(users[7], 10, Optional.empty(), Optional.empty());
        assertThat(page.path("data")).hasSize(1);
        assertThat(page.path("data").get(0).path("coupon_sn").asText()).hasSize(16);
    }

    @Test
    void theSameNumberIsTheSameIssuanceAndAnotherAudienceUnderItIsRefused() {
        long template = side.mall().template(500, 0);
        Issuances issuances = issuances();
        Audience audience = Audience.of(users(5));
        IssuanceOrder order = new IssuanceOrder(
                UUID.randomUUID().toString(), new TemplateId(template), Optional.of(audience), SMALL, "anna");
        Set<IssuanceId> ids = ConcurrentHashMap.newKeySet();
        AtomicInteger first = new AtomicInteger();
        Parallel.run(8, i -> {
            Issuances.Ordered ordered = issuances.order(order);
            ids.add(ordered.progress().task().id());
            first.addAndGet(ordered.known() ? 0 : 1);
        });
        assertThat(ids).hasSize(1);
        assertThat(first).hasValue(1);
        IssuanceOrder other = new IssuanceOrder(
                order.issuanceNo(), order.template(), Optional.of(Audience.range(1, 9)), SMALL, "anna");
        assertThatThrownBy(() -> issuances.order(other))
                .isInstanceOfSatisfying(
                        Refusal.class, e -> assertThat(e.reason()).isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED));
        issuances.cancel(ids.iterator().next(), "anna");
        worker(issuances, "one").tick();
    }

    @Test
    void aWorkerThatDiesAnywhereLeavesNobodyWithoutACouponAndNobodyWithTwo() {
        for (Failpoint point : EnumSet.range(Failpoint.ISSUE_CHUNK_CLAIMED, Failpoint.ISSUE_CHUNK_DONE)) {
            long template = side.mall().template(1000, 1);
            Issuances dying = issuances(side, MessageCentre.NONE, dyingAt(point));
            IssuanceId id = order(dying, template, SMALL, Audience.of(users(150)));
            worker(dying, "dying").tick();
            Issuances issuances = issuances();
            worker(issuances, "early").tick();
            later(LEASE.plusSeconds(1));
            worker(issuances, "successor").tick();
            Issuances.Progress progress = issuances.progress(id);
            assertThat(progress.task().state()).as(point.word()).isEqualTo(IssuanceState.DONE);
            assertThat(progress.task().issued()).as(point.word()).isEqualTo(150);
            assertThat(side.mall().issued(Side.NEW, template)).as(point.word()).isEqualTo(150);
            assertThat(side.mall().remaining(template)).as(point.word()).isEqualTo(850);
            assertThat(side.mall()
                            .number(
                                    DatabaseId.META,
                                    "SELECT SUM(user_count) FROM message_outbox WHERE task_id = ?",
                                    id.number()))
                    .as(point.word())
                    .isEqualTo(150);
        }
    }

    @Test
    void twoWorkersWhoBothThinkTheyHaveAChunkIssueItOnce() {
        assertThat(couponsByTwoWorkersOfOneChunk(side)).isEqualTo(40);
    }

    @Test
    void withoutTheUniqueKeysTheyIssueItTwice() {
        try (SideUnderTest broken = SideUnderTest.open(Side.NEW)) {
            for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
                broken.mall()
                        .execute(
                                DatabaseId.shard(broken.mall().plan.layout().databaseOf(slot)),
                                "ALTER TABLE " + broken.mall().plan.layout().physicalTable("user_coupon", slot)
                                        + " DROP KEY uk_claim, DROP KEY uk_request");
            }
            assertThat(couponsByTwoWorkersOfOneChunk(broken)).isGreaterThan(40);
        }
    }

    /** One worker stands still before its commit until its lease is over and another has done, or waits for, the same chunk. */
    private long couponsByTwoWorkersOfOneChunk(SideUnderTest here) {
        long template = here.mall().template(-1, 0);
        ExecutorService other = Executors.newSingleThreadExecutor();
        try {
            AtomicBoolean still = new AtomicBoolean();
            List<Future<?>> second = new ArrayList<>();
            Issuances slow = issuances(here, MessageCentre.NONE, point -> {
                if (point == Failpoint.ISSUE_INSERTED && still.compareAndSet(false, true)) {
                    later(LEASE.plusSeconds(1));
                    second.add(other.submit(() -> worker(issuances(here, MessageCentre.NONE, Failpoints.NONE), "second")
                            .tick()));
                    try {
                        second.get(0).get(1, TimeUnit.SECONDS);
                    } catch (TimeoutException e) {
                        assertThat(second.get(0)).as("waits for the first").isNotDone();
                    } catch (InterruptedException | ExecutionException e) {
                        throw new AssertionError(e);
                    }
                }
            });
            long[] sameDatabase = LongStream.generate(() -> here.mall().user())
                    .filter(user -> here.mall()
                                    .plan
                                    .layout()
                                    .databaseOf(here.mall().plan.layout().slot(user))
                            == 0)
                    .limit(40)
                    .toArray();
            IssuanceId id = order(slow, template, new Tunables(50, 50, 10, 0), Audience.of(sameDatabase));
            worker(slow, "first").tick();
            second.get(0).get(20, TimeUnit.SECONDS);
            later(LEASE.plusSeconds(1));
            worker(slow, "last").tick();
            assertThat(slow.progress(id).task().issued()).isEqualTo(40);
            return here.mall().issued(Side.NEW, template);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        } finally {
            other.shutdownNow();
        }
    }

    @Test
    void manyWorkersShareATask() {
        long template = side.mall().template(2000, 3);
        Issuances issuances = issuances();
        IssuanceId id = order(issuances, template, SMALL, Audience.of(users(600)));
        Parallel.run(4, i -> worker(issuances, "worker-" + i).tick());
        worker(issuances, "last").tick();
        assertThat(issuances.progress(id).task().state()).isEqualTo(IssuanceState.DONE);
        assertThat(issuances.progress(id).task().issued()).isEqualTo(600);
        assertAccounts(issuances, id);
        assertThat(side.mall().remaining(template)).isEqualTo(1400);
    }

    @Test
    void aPausedIssuanceStandsStillAndACancelledOneCountsWhatItHasGiven() {
        long template = side.mall().template(-1, 0);
        AtomicInteger steps = new AtomicInteger();
        List<IssuanceId> ids = new ArrayList<>();
        Issuances issuances = issuances();
        Issuances watched = issuances(side, MessageCentre.NONE, point -> {
            if (point == Failpoint.ISSUE_STEP_COMMITTED && steps.incrementAndGet() == 1) {
                issuances.pause(ids.get(0), "anna");
            } else if (point == Failpoint.ISSUE_STEP_COMMITTED && steps.get() == 3) {
                issuances.cancel(ids.get(0), "anna");
            }
        });
        ids.add(order(watched, template, new Tunables(5, 5, 5, 0), Audience.of(users(100))));
        IssuanceWorker worker = worker(watched, "one");
        worker.tick();
        assertThat(steps).hasValue(1);
        assertThat(issuances.progress(ids.get(0)).task().state()).isEqualTo(IssuanceState.PAUSED);
        worker.tick();
        assertThat(steps).hasValue(1);
        issuances.resume(ids.get(0), "anna");
        worker.tick();
        Issuances.Progress progress = issuances.progress(ids.get(0));
        assertThat(progress.task().state()).isEqualTo(IssuanceState.CANCELLED);
        assertThat(progress.task().issued()).isPositive().isLessThan(100);
        assertThat(progress.task().audit()).contains("paused", "resumed", "cancelled", "anna");
        assertAccounts(issuances, ids.get(0));
        assertThatThrownBy(() -> issuances.resume(ids.get(0), "anna"))
                .isInstanceOfSatisfying(
                        Refusal.class, e -> assertThat(e.reason()).isEqualTo(Reason.ISSUANCE_STATE_CONFLICT));
    }

    @Test
    void whatIsTunedIsFeltWithinAChunk() {
        long template = side.mall().template(-1, 0);
        AtomicInteger steps = new AtomicInteger();
        List<IssuanceId> ids = new ArrayList<>();
        Issuances issuances = issuances();
        Issuances watched = issuances(side, MessageCentre.NONE, point -> {
            if (point == Failpoint.ISSUE_STEP_COMMITTED && steps.incrementAndGet() == 1) {
                issuances.tune(ids.get(0), new Tunables(50, 40, 50, 0), "anna");
            }
        });
        long[] sameDatabase = LongStream.generate(() -> side.mall().user())
                .filter(user -> side.mall()
                                .plan
                                .layout()
                                .databaseOf(side.mall().plan.layout().slot(user))
                        == 1)
                .limit(CHUNK)
                .toArray();
        ids.add(order(watched, template, new Tunables(5, 5, 5, 0), Audience.of(sameDatabase)));
        worker(watched, "one").tick();
        // 5, then 40, then the 15 that are left.
        assertThat(steps).hasValue(3);
        assertThat(issuances.progress(ids.get(0)).task().audit()).contains("readBatchSize=40");
        assertThat(issuances.progress(ids.get(0)).messagesWaiting()).isEqualTo(2);
    }

    @Test
    void aSmallIssuanceDoesNotWaitForLargeOnesOfALowRate() {
        long template = side.mall().template(-1, 0);
        Issuances issuances = issuances();
        // Two users every other second: half an hour.
        List<IssuanceId> large = Stream.generate(
                        () -> order(issuances, template, new Tunables(2, 2, 2, 1), Audience.of(users(2_000))))
                .limit(WorkShares.WORKERS)
                .toList();
        ExecutorService threads = Executors.newFixedThreadPool(WorkShares.WORKERS);
        List<IssuanceWorker> workers = IntStream.range(0, WorkShares.WORKERS)
                .mapToObj(i -> worker(issuances, "fair-" + i))
                .toList();
        try {
            workers.forEach(worker -> threads.execute(worker::tick));
            Awaitility.await().until(() -> side.mall().issued(Side.NEW, template) >= 2L * (WorkShares.WORKERS - 1));
            IssuanceId small = order(issuances, template, SMALL, Audience.of(users(100)));
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
                workers.forEach(worker -> threads.execute(worker::tick));
                return issuances.progress(small).task().state() == IssuanceState.DONE;
            });
            assertThat(side.mall().issued(Side.NEW, template)).isLessThan(400);
        } finally {
            // Not interrupted: a worker that is closed gives back what it has, one that is killed keeps it for its
            // lease.
            workers.forEach(IssuanceWorker::close);
            threads.shutdown();
            Awaitility.await().until(threads::isTerminated);
            large.forEach(one -> issuances.cancel(one, "anna"));
        }
        // To count what was given costs no rate.
        IssuanceWorker last = worker(issuances, "last");
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            last.tick();
            return large.stream().allMatch(one -> issuances.progress(one).task().state() == IssuanceState.CANCELLED);
        });
    }

    @Test
    void theRateHoldsOverAllWorkers() {
        long template = side.mall().template(-1, 0);
        Issuances issuances = issuances();
        IssuanceId id = order(issuances, template, new Tunables(20, 20, 20, 100), Audience.of(users(150)));
        long begun = System.nanoTime();
        Parallel.run(3, i -> worker(issuances, "rated-" + i).tick());
        worker(issuances, "last").tick();
        // The last step of twenty may begin as soon as the others have used their time.
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThan(Duration.ofMillis(1_200));
        assertThat(issuances.progress(id).task().issued()).isEqualTo(150);
    }

    @Test
    void whomTheDatabaseRefusesIsKeptTriedAgainAndGivenUpInTheEnd() {
        long template = side.mall().template(1000, 1);
        long[] users = users(300);
        long[] named = Arrays.copyOf(users, 310);
        System.arraycopy(users, 0, named, 300, 10);
        Set<Long> bad = new HashSet<>(List.of(users[17], users[118], users[219]));
        String list = String.join(",", bad.stream().map(String::valueOf).toList());
        triggers("CREATE TRIGGER refuse_%03d BEFORE INSERT ON user_coupon_%03d FOR EACH ROW IF NEW.user_id IN (" + list
                + ") THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused for a test'; END IF");
        Issuances issuances = issuances();
        IssuanceId id;
        try {
            id = order(issuances, template, SMALL, Audience.of(named));
            worker(issuances, "one").tick();
            Issuances.Progress progress = issuances.progress(id);
            assertThat(progress.task().issued()).isEqualTo(297);
            assertThat(progress.task().duplicates()).isEqualTo(10);
            assertThat(progress.failed()).isEqualTo(3);
            assertThat(progress.pending()).isZero();
            assertThat(progress.task().state()).isEqualTo(IssuanceState.RUNNING);
            assertAccounts(issuances, id);
            assertThat(issuances.failures(id, 0, 10))
                    .extracting(UserFailure::user)
                    .containsExactlyInAnyOrderElementsOf(bad);
            later(PAUSE.plusSeconds(1));
            worker(issuances, "one").tick();
            assertThat(issuances.failures(id, 0, 10))
                    .extracting(UserFailure::attempts)
                    .containsOnly(2);
            side.mall()
                    .execute(
                            DatabaseId.META,
                            "UPDATE issuance_failure SET attempts = 1 WHERE task_id = ? AND user_id <> ?",
                            id.number(),
                            users[17]);
            later(PAUSE.multipliedBy(3));
            worker(issuances, "one").tick();
            assertThat(issuances.progress(id).dead()).isEqualTo(1);
        } finally {
            triggers("DROP TRIGGER refuse_%03d");
        }
        later(PAUSE.multipliedBy(3));
        Parallel.run(3, i -> worker(issuances, "again-" + i).tick());
        Issuances.Progress progress = issuances.progress(id);
        assertThat(progress.task().issued()).isEqualTo(299);
        assertThat(progress.dead()).isEqualTo(1);
        assertThat(progress.task().state()).isEqualTo(IssuanceState.DONE);
        assertAccounts(issuances, id);
    }

    private static void triggers(String statement) {
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            int table = side.mall().plan.layout().tableOf(slot);
            DatabaseId database = DatabaseId.shard(side.mall().plan.layout().databaseOf(slot));
            side.mall().execute(database, statement.formatted(table, table));
        }
    }

    @Test
    void whoHasTheLimitIsNotIssuedToAndWhoComesWhenAllIsGoneIsToldSo() {
        long template = side.mall().template(60, 1);
        long[] users = users(80);
        for (int i = 0; i < 5; i++) {
            side.rooms().claims().claim(users[i], new TemplateId(template), 1, "k-" + users[i]);
        }
        Issuances issuances = issuances();
        IssuanceId id = order(issuances, template, SMALL, Audience.of(users));
        worker(issuances, "one").tick();
        List<UserFailure> failures = issuances.failures(id, 0, 100);
        assertThat(failures.stream().filter(f -> f.reason().equals("per_user_limit_reached")))
                .hasSize(5)
                .allMatch(UserFailure::dead);
        assertThat(failures.stream().filter(f -> f.reason().equals("sold_out"))).hasSize(20);
        assertThat(issuances.progress(id).task().issued()).isEqualTo(55);
        assertThat(side.mall().issued(Side.NEW, template)).isEqualTo(60);
        assertThat(side.mall().remaining(template)).isZero();
    }

    @Test
    void claimsAndAnIssuanceOfOneTemplateAddUp() {
        long template = side.mall().template(250, 2);
        long[] users = users(150);
        Issuances issuances = issuances();
        IssuanceId id = order(issuances, template, SMALL, Audience.of(users));
        AtomicInteger claimed = new AtomicInteger();
        Parallel.run(6, i -> {
            if (i < 2) {
                worker(issuances, "w" + i).tick();
                return;
            }
            for (int n = i - 2; n < users.length; n += 4) {
                try {
                    side.rooms().claims().claim(users[n], new TemplateId(template), 1, "c-" + users[n]);
                    claimed.incrementAndGet();
                } catch (Refusal e) {
                    assertThat(e.reason()).isIn(Reason.SOLD_OUT, Reason.PER_USER_LIMIT_REACHED);
                }
            }
        });
        worker(issuances, "last").tick();
        long issued = issuances.progress(id).task().issued();
        assertThat(issued + claimed.get()).isEqualTo(side.mall().issued(Side.NEW, template));
        assertThat(issued + claimed.get() + side.mall().remaining(template)).isEqualTo(250);
        assertThat(side.mall().remaining(template)).isZero();
    }

    @Test
    void aTemplateThatIsPausedPausesTheIssuance() {
        long template = side.mall().template(-1, 0);
        Issuances issuances = issuances();
        IssuanceId id = order(issuances, template, SMALL, Audience.of(users(10)));
        side.mall().execute(DatabaseId.META, "UPDATE coupon_template SET status = 2 WHERE template_id = ?", template);
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> !side.rooms()
                        .templates()
                        .require(new TemplateId(template), "")
                        .template()
                        .published());
        worker(issuances, "one").tick();
        assertThat(issuances.progress(id).task().state()).isEqualTo(IssuanceState.PAUSED);
        assertThat(issuances.progress(id).task().pausedBecause()).isEqualTo("template_paused");
        assertThat(issuances.progress(id).failed()).isZero();
        issuances.cancel(id, "anna");
        worker(issuances, "one").tick();
        assertThatThrownBy(() -> order(issuances, template, SMALL, Audience.of(users(1))))
                .isInstanceOf(Refusal.class);
    }

    @Test
    void aTemplateWithADailyLimitIsNotIssuable() {
        long template = side.mall().template(-1, 0);
        side.mall()
                .execute(DatabaseId.META, "UPDATE coupon_template SET daily_limit = 1 WHERE template_id = ?", template);
        Issuances issuances = issuances();
        assertThatThrownBy(() -> order(issuances, template, SMALL, Audience.of(users(1))))
                .isInstanceOfSatisfying(
                        Refusal.class, e -> assertThat(e.reason()).isEqualTo(Reason.TEMPLATE_NOT_ISSUABLE));
    }

    @Test
    void everyUserOfARangeIsIssuedTo() {
        long template = side.mall().template(-1, 0);
        Issuances issuances = issuances();
        IssuanceId id = order(issuances, template, SMALL, Audience.range(5_000_000, 5_000_299));
        worker(issuances, "one").tick();
        assertThat(issuances.progress(id).task().issued()).isEqualTo(300);
        assertAccounts(issuances, id);
    }

    @Test
    void usersAreToldOnceTheMessageCentreIsBackAndTheIssuanceDoesNotWaitForIt() throws IOException {
        long template = side.mall().template(-1, 0);
        AtomicBoolean away = new AtomicBoolean(true);
        Set<String> keys = ConcurrentHashMap.newKeySet();
        AtomicInteger told = new AtomicInteger();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (!away.get() && keys.add(exchange.getRequestHeaders().getFirst("Idempotency-Key"))) {
                told.addAndGet(body.substring(body.indexOf('[')).split(",", -1).length);
            }
            exchange.sendResponseHeaders(away.get() ? 503 : 200, -1);
            exchange.close();
        });
        server.start();
        try {
            Issuances issuances = issuances(
                    side,
                    new HttpMessageCentre(
                            URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/")),
                    Failpoints.NONE);
            side.mall().execute(DatabaseId.META, "UPDATE message_outbox SET state = 1");
            IssuanceId id = order(issuances, template, SMALL, Audience.of(users(120)));
            var delivery = issuances.delivery(new Retries(3, PAUSE));
            worker(issuances, "one").tick();
            delivery.tick();
            assertThat(issuances.progress(id).task().state()).isEqualTo(IssuanceState.DONE);
            assertThat(issuances.progress(id).messagesDelivered()).isZero();
            away.set(false);
            later(PAUSE.multipliedBy(2));
            Parallel.run(2, i -> issuances.delivery(new Retries(3, PAUSE)).tick());
            assertThat(issuances.progress(id).messagesWaiting()).isZero();
            assertThat(told).hasValue(120);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void mirrorsBringTheCouponsOfAllTablesOfAStepBackToOld() {
        try (SideUnderTest switched = SideUnderTest.open(Side.NEW)) {
            switched.mall().mirror();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> switched.proxy().mode().name().equals("DUAL_NEW"));
            long template = switched.mall().template(1000, 0);
            Issuances issuances = issuances(switched, MessageCentre.NONE, Failpoints.NONE);
            // The mirror's projections are made in the background; until they are, units are not mirrored.
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
                switched.rooms()
                        .claims()
                        .claim(
                                switched.mall().user(),
                                new TemplateId(template),
                                1,
                                UUID.randomUUID().toString());
                return switched.mall().issued(Side.OLD, template) > 0;
            });
            long before = switched.mall().issued(Side.NEW, template);
            order(issuances, template, new Tunables(500, 500, 10, 0), Audience.range(7_000_001, 7_000_100));
            worker(issuances, "one").tick();
            assertThat(switched.mall().issued(Side.NEW, template)).isEqualTo(before + 100);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> switched.mall()
                                    .number(
                                            DatabaseId.OLD,
                                            "SELECT COUNT(*) FROM mall_coupon_user WHERE user_id BETWEEN 7000001 AND 7000100")
                            == 100);
        }
    }

    @Test
    void whatWasIssuedBeforeARollbackIsNotIssuedAgainBehindTheNextSwitch() {
        try (SideUnderTest there = SideUnderTest.open(Side.NEW)) {
            long template = there.mall().template(-1, 0);
            Issuances dying = issuances(there, MessageCentre.NONE, dyingAt(Failpoint.ISSUE_STEP_COMMITTED));
            IssuanceId id = order(dying, template, SMALL, Audience.of(users(50)));
            worker(dying, "dying").tick();
            long half = there.mall().issued(Side.NEW, template);
            assertThat(half).isPositive().isLessThan(50);
            there.mall().copyBackAll();
            there.mall().moveTruth(Side.OLD);
            awaitTruth(there, Side.OLD);
            Issuances issuances = issuances(there, MessageCentre.NONE, Failpoints.NONE);
            assertThatThrownBy(() -> order(issuances, template, SMALL, Audience.range(1, 2)))
                    .isInstanceOf(MigrationFenceException.class);
            worker(issuances, "idle").tick();
            there.mall().copyForwardAll();
            there.mall().moveTruth(Side.NEW);
            awaitTruth(there, Side.NEW);
            assertThat(there.mall().issued(Side.NEW, template)).isEqualTo(half);
            later(LEASE.plusSeconds(1));
            worker(issuances, "successor").tick();
            assertThat(issuances.progress(id).task().issued()).isEqualTo(50);
            assertThat(there.mall().issued(Side.NEW, template)).isEqualTo(50);
        }
    }

    private static void awaitTruth(SideUnderTest there, Side truth) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> there.rooms().databases().truth() == truth);
    }
}
