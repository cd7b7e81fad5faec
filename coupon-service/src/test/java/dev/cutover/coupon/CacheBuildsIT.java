package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.cachebuild.BuildOrder;
import dev.cutover.coupon.cachebuild.CacheBuild;
import dev.cutover.coupon.cachebuild.CacheBuilds;
import dev.cutover.coupon.cachebuild.CacheTask;
import dev.cutover.coupon.cachebuild.CacheTask.State;
import dev.cutover.coupon.cachebuild.CacheWorkers;
import dev.cutover.coupon.detail.CouponKind;
import dev.cutover.coupon.detail.DetailFiller;
import dev.cutover.coupon.detail.Offerings;
import dev.cutover.coupon.detail.RedisDetails;
import dev.cutover.coupon.detail.TemplateVersions;
import dev.cutover.coupon.id.CacheBuildId;
import dev.cutover.coupon.id.CacheTaskId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redis.RedisAddress;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.redis.RedisPatience;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.sandbox.RedisServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Cache-build tasks in real queues: every one is built, whoever dies, races or waits, and what the cache has is what MySQL says. */
final class CacheBuildsIT {
    private static final Operator ANN = new Operator("ann");
    private static final Duration LEASE_OVER = Duration.ofSeconds(31);
    private static final Duration BOUND = Duration.ofSeconds(20);

    private static SideUnderTest side;
    private static RedisServer redis;
    private static ScheduledExecutorService scheduler;
    private static RedisDoor door;
    private static MovableClock clock;
    private static CacheBuilds builds;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
        redis = RedisServer.start("cache-builds");
        scheduler = Executors.newScheduledThreadPool(1);
        door = RedisDoor.open(RedisAddress.parse(redis.uri()), RedisPatience.OF_A_PAGE, scheduler);
        clock = new MovableClock();
        builds = builds(clock);
    }

    @AfterAll
    static void close() {
        door.close();
        scheduler.shutdownNow();
        redis.close();
        side.close();
    }

    @BeforeEach
    void nothingWaits() {
        Awaitility.await().until(door::available);
        side.mall().execute(DatabaseId.META, "DELETE FROM cache_task");
        side.mall().execute(DatabaseId.META, "DELETE FROM cache_queues");
    }

    private static CacheBuilds builds(InstantSource time) {
        return new CacheBuilds(
                side.mall().topology, side.rooms().meta(), side.rooms().databases(), time);
    }

    private static DetailFiller filler() {
        Offerings offerings = new Offerings(side.rooms().meta(), Ticker.systemTicker());
        return new DetailFiller(
                Arrays.stream(CouponKind.values())
                        .collect(Collectors.toMap(CouponKind::code, kind -> new RedisDetails(door, kind.prefix()))),
                offerings,
                new TemplateVersions(offerings, Ticker.systemTicker()));
    }

    private static CacheWorkers workers(String name, int batch, Failpoints failpoints) {
        return builds.workers(
                filler(),
                new CacheWorkers.Options(name, batch, Duration.ofSeconds(30)),
                failpoints,
                Thread::new,
                new SimpleMeterRegistry());
    }

    private static CacheBuildId order(int weight, List<Long> templates, int products) {
        CacheBuildId id = builds.order(new BuildOrder(
                        UseRig.key(),
                        "a test",
                        weight,
                        templates.stream().map(TemplateId::new).toList(),
                        List.of("0", "88"),
                        IntStream.range(0, products)
                                .mapToObj(i -> new BuildOrder.Product("sku-" + i, i % 2 == 0 ? null : "c-1"))
                                .toList(),
                        ANN.name()))
                .build()
                .id();
        builds.queues().cut();
        return id;
    }

    private static Map<State, Long> states(CacheBuildId id) {
        return builds.progress(id).byState();
    }

    private static List<CacheTask> tasks(CacheBuildId id) {
        List<CacheTask> all = new ArrayList<>();
        Optional<CacheTaskId> after = Optional.empty();
        while (true) {
            List<CacheTask> page = builds.page(Optional.of(id), Optional.empty(), Optional.empty(), after, 1_000);
            all.addAll(page.subList(0, Math.min(1_000, page.size())));
            if (page.size() <= 1_000) {
                return all;
            }
            after = Optional.of(page.get(999).id());
        }
    }

    /** Has workers look again and again until none of these is on its way. */
    private static void finish(CacheWorkers workers, CacheBuildId id) {
        Awaitility.await().atMost(BOUND).until(() -> {
            workers.tick();
            Map<State, Long> states = states(id);
            return !states.containsKey(State.READY) && !states.containsKey(State.RUNNING);
        });
    }

    private static long template() {
        return side.mall().template(1000, 0);
    }

    @Test
    void whatIsOrderedIsBuiltAndEachTaskTellsItsStory() {
        List<Long> templates = List.of(template(), template(), template());
        CacheBuildId id = order(5, templates, 200);
        assertThat(states(id)).containsExactly(Map.entry(State.READY, 1_200L));
        try (CacheWorkers workers = workers("story", 100, Failpoints.NONE)) {
            finish(workers, id);
        }
        assertThat(states(id)).containsExactly(Map.entry(State.DONE, 1_200L));
        List<CacheTask> tasks = tasks(id);
        assertThat(tasks).hasSize(1_200).allSatisfy(task -> {
            assertThat(task.attempts()).isEqualTo(1);
            assertThat(task.owner()).startsWith("story/");
            assertThat(task.startedAt()).isNotNull();
            assertThat(task.finishedAt()).isNotNull();
            assertThat(task.version()).isZero();
            assertThat(task.error()).isNull();
        });
        assertThat(tasks.stream().map(CacheTask::queue).distinct()).hasSize(16);
        assertThat(tasks.stream().map(CacheTask::key).distinct()).hasSize(1_200);
        assertThat(tasks.stream().filter(task -> task.key().category() == null)).hasSize(600);
        assertThat(tasks.stream().filter(task -> "c-1".equals(task.key().category())))
                .hasSize(600);
    }

    @Test
    void anOrderIsThereOnceForItsNumberAndAnotherOneUnderItIsRefused() {
        long template = template();
        String number = UseRig.key();
        BuildOrder order = new BuildOrder(
                number,
                "once",
                0,
                List.of(new TemplateId(template)),
                List.of("0"),
                List.of(new BuildOrder.Product("p", null)),
                ANN.name());
        CacheBuild.Progress first = builds.order(order);
        assertThat(first.known()).isFalse();
        assertThat(first.byState()).containsExactly(Map.entry(State.READY, 1L));
        builds.queues().cut();
        assertThat(builds.order(order).known()).isTrue();
        assertThat(tasks(first.build().id())).hasSize(1);
        assertThat(UseRig.refusal(() -> builds.order(new BuildOrder(
                        number, "once", 1, order.templates(), order.stores(), order.products(), ANN.name()))))
                .contains(Reason.IDEMPOTENCY_KEY_REUSED);
        List<CacheBuildId> ids = new CopyOnWriteArrayList<>();
        String raced = UseRig.key();
        Parallel.run(
                8,
                thread -> ids.add(builds.order(new BuildOrder(
                                raced, "raced", 0, order.templates(), order.stores(), order.products(), ANN.name()))
                        .build()
                        .id()));
        assertThat(ids.stream().distinct()).hasSize(1);
        builds.queues().cut();
        assertThat(tasks(ids.get(0))).hasSize(1);
    }

    @Test
    void theTasksOfALargeOrderAreMadeBitByBitByWhoeverComesByEachOnce() {
        List<BuildOrder.Product> products = IntStream.range(0, 1_000)
                .mapToObj(i -> new BuildOrder.Product("large-" + i, null))
                .toList();
        List<TemplateId> templates =
                IntStream.range(1, 10).mapToObj(TemplateId::new).toList();
        List<CacheBuildId> ids = IntStream.range(0, 3)
                .mapToObj(i -> builds.order(new BuildOrder(
                                UseRig.key(), "large", i, templates, List.of("1", "2"), products, ANN.name()))
                        .build()
                        .id())
                .toList();
        assertThat(states(ids.get(0))).containsExactly(Map.entry(State.READY, 18_000L));
        Parallel.run(4, thread -> builds.queues().cut());
        for (CacheBuildId id : ids) {
            assertThat(states(id)).containsExactly(Map.entry(State.READY, 18_000L));
            assertThat(side.mall()
                            .number(
                                    DatabaseId.META,
                                    "SELECT COUNT(DISTINCT template_id, store_id, product) FROM cache_task WHERE build_id = ?",
                                    id.number()))
                    .isEqualTo(18_000);
        }
    }

    @Test
    void fiftyWorkersAtOneQueueBuildEachTaskOnce() {
        builds.queues().change(1, ANN);
        CacheBuildId id = order(0, List.of(template()), 1_000);
        List<CacheWorkers> all = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            all.add(builds(InstantSource.system())
                    .workers(
                            filler(),
                            new CacheWorkers.Options("w" + i, 20, Duration.ofSeconds(30)),
                            Failpoints.NONE,
                            Thread::new,
                            new SimpleMeterRegistry()));
        }
        try {
            // Tasks that met trouble are due again a little later.
            long end = System.nanoTime() + BOUND.toNanos();
            Parallel.run(50, thread -> {
                boolean ready = true;
                while (ready && System.nanoTime() < end) {
                    ready = all.get(thread).batch(0)
                            || side.mall()
                                            .number(
                                                    DatabaseId.META,
                                                    "SELECT EXISTS(SELECT 1 FROM cache_task WHERE state = 0)")
                                    == 1;
                }
            });
        } finally {
            all.forEach(CacheWorkers::close);
        }
        List<CacheTask> tasks = tasks(id);
        assertThat(tasks).hasSize(2_000).allSatisfy(task -> {
            assertThat(task.state()).isEqualTo(State.DONE);
            assertThat(task.attempts()).isEqualTo(1);
        });
        assertThat(tasks.stream().map(CacheTask::owner).distinct().count())
                .as("turns that got something")
                .isGreaterThan(50);
    }

    /** Thrown where a process would have died. */
    private static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @Test
    void theTasksOfADeadWorkerAreBuiltByAnotherWhenItsLeaseIsOverAndNoneIsLost() {
        for (Failpoint point : List.of(Failpoint.CACHE_TASKS_TAKEN, Failpoint.CACHE_TASKS_BUILT)) {
            CacheBuildId id = order(0, List.of(template()), 50);
            try (CacheWorkers dying = workers("dying", 10, hit -> {
                if (hit == point) {
                    throw new Died();
                }
            })) {
                dying.tick();
                Awaitility.await().until(() -> states(id).getOrDefault(State.RUNNING, 0L) >= 10);
            }
            long taken = states(id).getOrDefault(State.RUNNING, 0L);
            try (CacheWorkers other = workers("other", 100, Failpoints.NONE)) {
                Awaitility.await().atMost(BOUND).until(() -> {
                    other.tick();
                    return !states(id).containsKey(State.READY);
                });
                builds.queues().tick();
                assertThat(states(id)).as("while the lease lasts").containsEntry(State.RUNNING, taken);
                clock.forward(LEASE_OVER);
                builds.queues().tick();
                finish(other, id);
            }
            assertThat(states(id)).containsExactly(Map.entry(State.DONE, 100L));
            assertThat(tasks(id).stream().filter(task -> task.attempts() == 2)).hasSize((int) taken);
        }
    }

    @Test
    void aWorkerThatWasThoughtDeadCannotEndWhatAnotherHas() throws InterruptedException {
        builds.queues().change(1, ANN);
        CacheBuildId id = order(0, List.of(template()), 5);
        CountDownLatch stopped = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (CacheWorkers sleeper = builds.workers(
                        filler(),
                        new CacheWorkers.Options("sleeper", 10, Duration.ofSeconds(30)),
                        hit -> {
                            if (hit == Failpoint.CACHE_TASKS_BUILT) {
                                stopped.countDown();
                                try {
                                    goesOn.await();
                                } catch (InterruptedException e) {
                                    Thread.currentThread().interrupt();
                                }
                            }
                        },
                        Thread::new,
                        meters);
                CacheWorkers other = workers("other", 10, hit -> {
                    if (hit == Failpoint.CACHE_TASKS_BUILT) {
                        throw new Died();
                    }
                })) {
            sleeper.tick();
            assertThat(stopped.await(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
            clock.forward(LEASE_OVER);
            builds.queues().tick();
            other.tick();
            Awaitility.await()
                    .until(() -> tasks(id).stream()
                            .allMatch(
                                    task -> task.owner() != null && task.owner().startsWith("other/")));
            goesOn.countDown();
            Awaitility.await()
                    .until(() -> meters.counter("coupon.cache.tasks", "outcome", "raced")
                                    .count()
                            == 10);
            assertThat(states(id)).containsExactly(Map.entry(State.RUNNING, 10L));
        }
    }

    @Test
    void heavierTasksGoFirstAndLightOnesWaitNoLongerThanTheirAgeMakesUpFor() {
        builds.queues().change(1, ANN);
        long template = template();
        CacheBuildId light = order(0, List.of(template), 5);
        CacheBuildId heavy = order(10, List.of(template), 5);
        try (CacheWorkers one = workers("one", 10, Failpoints.NONE)) {
            one.batch(0);
            assertThat(done(light, heavy)).containsExactly(0L, 10L);
            CacheBuildId again = order(0, List.of(template), 5);
            clock.forward(Duration.ofSeconds(101));
            CacheBuildId later = order(10, List.of(template), 5);
            one.batch(0);
            assertThat(done(light, again, later))
                    .as("a hundred seconds make up for a weight of ten")
                    .containsExactly(10L, 0L, 0L);
            one.batch(0);
            one.batch(0);
            assertThat(done(again, later)).containsExactly(10L, 10L);
        }
    }

    private static List<Long> done(CacheBuildId... ids) {
        return Arrays.stream(ids)
                .map(id -> states(id).getOrDefault(State.DONE, 0L))
                .toList();
    }

    @Test
    void queuesBecomeMoreAndFewerWhileWorkersRun() {
        builds.queues().change(8, ANN);
        CacheBuildId id = order(0, List.of(template(), template()), 400);
        assertThat(waitingIn(id)).isEqualTo(queuesTo(8));
        builds.queues().tick();
        builds.queues().change(16, ANN);
        builds.queues().tick();
        assertThat(waitingIn(id)).isEqualTo(queuesTo(16));
        try (CacheWorkers workers = workers("run", 20, Failpoints.NONE)) {
            workers.tick();
            builds.queues().change(3, ANN);
            builds.queues().tick();
            finish(workers, id);
        }
        assertThat(tasks(id)).hasSize(1_600).allSatisfy(task -> {
            assertThat(task.state()).isEqualTo(State.DONE);
            assertThat(task.attempts()).isEqualTo(1);
        });
        assertThat(side.mall()
                        .number(DatabaseId.META, "SELECT COUNT(*) FROM coupon_audit WHERE about = 'cache_queues'"))
                .isGreaterThanOrEqualTo(3);
    }

    private static List<Integer> queuesTo(int count) {
        return IntStream.range(0, count).boxed().toList();
    }

    private static List<Integer> waitingIn(CacheBuildId id) {
        return tasks(id).stream().map(CacheTask::queue).distinct().sorted().toList();
    }

    @Test
    void whatCannotBeBuiltIsTriedFiveTimesLaterEachTimeAndThenWaitsForAPerson() {
        long gone = 999_999_999;
        CacheBuildId id = order(0, List.of(gone), 1);
        try (CacheWorkers workers = workers("dead", 10, Failpoints.NONE)) {
            for (int attempt = 1; attempt <= 5; attempt++) {
                int attempts = attempt;
                Awaitility.await().atMost(BOUND).until(() -> {
                    workers.tick();
                    return tasks(id).stream()
                            .allMatch(task -> task.attempts() == attempts && task.state() != State.RUNNING);
                });
                workers.tick();
                assertThat(tasks(id)).allMatch(task -> task.attempts() == attempts);
                clock.forward(Duration.ofSeconds(2L << attempt));
            }
            assertThat(states(id)).containsExactly(Map.entry(State.DEAD, 2L));
            CacheTask dead = tasks(id).get(0);
            assertThat(dead.error()).isEqualTo("There is no template tpl_" + gone + ".");
            assertThat(builds.retry(dead.id(), ANN).state()).isEqualTo(State.READY);
            assertThat(UseRig.refusal(() -> builds.retry(dead.id(), ANN))).contains(Reason.CACHE_TASK_STATE_CONFLICT);
        }
    }

    @Test
    void whileRedisIsAwayTasksWaitAndItIsNoAttemptOfTheirs() {
        CacheBuildId id = order(0, List.of(template()), 50);
        try (CacheWorkers workers = workers("away", 10, hit -> {
            if (hit == Failpoint.CACHE_TASKS_TAKEN && redis.isRunning()) {
                redis.kill();
            }
        })) {
            workers.tick();
            Awaitility.await().atMost(BOUND).until(() -> !states(id).containsKey(State.RUNNING) && !door.available());
            assertThat(states(id)).containsExactly(Map.entry(State.READY, 100L));
            assertThat(tasks(id)).allMatch(task -> task.attempts() == 0);
            assertThat(tasks(id)).anyMatch(task -> String.valueOf(task.error()).contains("Redis is away"));
        }
        redis.restart();
        Awaitility.await().atMost(BOUND).until(door::available);
        clock.forward(Duration.ofSeconds(3));
        try (CacheWorkers workers = workers("back", 10, Failpoints.NONE)) {
            finish(workers, id);
        }
        assertThat(tasks(id)).allMatch(task -> task.state() == State.DONE && task.attempts() == 1);
    }

    @Test
    void whatWasDoneADayAgoIsPutAway() {
        CacheBuildId id = order(0, List.of(template()), 10);
        try (CacheWorkers workers = workers("old", 10, Failpoints.NONE)) {
            finish(workers, id);
        }
        builds.queues().tick();
        assertThat(tasks(id)).hasSize(20);
        clock.forward(Duration.ofHours(25));
        Awaitility.await().atMost(BOUND).until(() -> {
            builds.queues().tick();
            return tasks(id).isEmpty();
        });
        assertThat(builds.progress(id).build().tasks()).isEqualTo(20);
    }
}
