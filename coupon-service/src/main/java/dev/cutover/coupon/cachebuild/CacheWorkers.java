package dev.cutover.coupon.cachebuild;

import dev.cutover.core.CutoverException;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.detail.DetailFiller;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.store.CouponDatabases;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * As many workers as there are queues; every second each queue that has something due gets one, which goes on until it is empty.
 *
 * <p>What goes wrong with all tasks at once, such as Redis or MySQL being away, is no attempt of theirs; what goes wrong with one is tried
 * again, later each time, and is dead after {@value CacheTasks#MOST_ATTEMPTS}. A worker that dies leaves tasks that are given back when its
 * lease is over. To build a detail twice is harmless: the cache takes nothing that is older than what it has.
 *
 * <p>{@link #tick} is called by one thread; the workers of any number of instances work side by side.
 */
public final class CacheWorkers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CacheWorkers.class);
    private static final Duration TROUBLE = Duration.ofSeconds(2);
    private static final Duration TURN = Duration.ofSeconds(1);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    private static final int LONGEST_NAME = 60;
    // Another instance's worker at the same queue takes the tasks before or behind ours.
    private static final int PLACES = 8;
    // Half of those an instance has to the meta database: claims and orders need some too.
    private static final int SESSIONS = 8;

    private final CacheTasks tasks;
    private final CacheQueues queues;
    private final DetailFiller filler;
    private final CouponDatabases databases;
    private final InstantSource clock;
    private final Options options;
    private final Failpoints failpoints;
    private final ThreadPoolExecutor threads;
    private final Set<Integer> busy = ConcurrentHashMap.newKeySet();
    private final Counter built;
    private final Counter failed;
    private final Counter raced;
    private final Semaphore sessions = new Semaphore(SESSIONS);
    private volatile boolean closed;

    /**
     * How workers work.
     *
     * @param name of the instance among all
     * @param batch tasks that a worker takes at a time
     * @param lease how long they stay with a worker that is not heard of
     */
    public record Options(String name, int batch, Duration lease) {
        /** The values meant for production. */
        public static Options of(String name) {
            return new Options(name, 500, Duration.ofSeconds(30));
        }
    }

    CacheWorkers(
            CacheTasks tasks,
            CacheQueues queues,
            DetailFiller filler,
            CouponDatabases databases,
            InstantSource clock,
            Options options,
            Failpoints failpoints,
            ThreadFactory threads,
            MeterRegistry meters) {
        this.tasks = tasks;
        this.queues = queues;
        this.filler = filler;
        this.databases = databases;
        this.clock = clock;
        this.options = options;
        this.failpoints = failpoints;
        this.threads = new ThreadPoolExecutor(1, 1, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(), threads);
        this.built = counter(meters, "built");
        this.failed = counter(meters, "failed");
        this.raced = counter(meters, "raced");
        Gauge.builder("coupon.cache.queues.busy", busy, Set::size)
                .description("Queues of cache-build tasks that a worker of this instance is at")
                .strongReference(true)
                .register(meters);
    }

    private static Counter counter(MeterRegistry meters, String outcome) {
        return Counter.builder("coupon.cache.tasks")
                .description(
                        "Cache-build tasks of this instance: built, failed for now or for good, or found in somebody else's hands")
                .tag("outcome", outcome)
                .register(meters);
    }

    /** Sees to it that every queue with something due has a worker; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        if (closed || databases.truth() != Side.NEW || !filler.available()) {
            return;
        }
        try {
            int workers = queues.count();
            // The larger bound first when it grows, the smaller one first when it shrinks.
            if (workers > threads.getMaximumPoolSize()) {
                threads.setMaximumPoolSize(workers);
                threads.setCorePoolSize(workers);
            } else {
                threads.setCorePoolSize(workers);
                threads.setMaximumPoolSize(workers);
            }
            for (int queue : tasks.waiting(clock.millis())) {
                if (busy.add(queue)) {
                    threads.execute(() -> drain(queue));
                }
            }
        } catch (RuntimeException e) {
            LOG.warn("Cache-build tasks could not be looked for, trying again: {}", e.toString());
        }
    }

    /** Works until the queue has nothing due; never throws. */
    private void drain(int queue) {
        try {
            boolean more = true;
            while (more && !closed && databases.truth() == Side.NEW) {
                more = turn(queue);
            }
        } catch (RuntimeException e) {
            // What was taken is given back when its lease is over.
            LOG.warn("The worker of cache queue {} stopped, another one follows: {}", queue, e.toString());
        } finally {
            busy.remove(queue);
        }
    }

    /** Goes through the queue from its first task on for a while: what came meanwhile and is heavier is found by the next turn. */
    private boolean turn(int queue) {
        long end = System.nanoTime() + TURN.toNanos();
        Step step = new Step(CacheTasks.Place.FIRST, true);
        boolean worked = false;
        while (step.more() && !closed && System.nanoTime() < end) {
            step = step(queue, step.behind());
            worked |= step.behind() != CacheTasks.Place.FIRST;
        }
        // Behind its last task there may be some before the place where it began.
        return worked && !step.trouble();
    }

    /**
     * How far a worker is.
     *
     * @param more whether there may be something behind that place
     * @param trouble whether another batch would only meet it again
     */
    private record Step(CacheTasks.Place behind, boolean more, boolean trouble) {
        Step(CacheTasks.Place behind, boolean more) {
            this(behind, more, false);
        }
    }

    /** Takes some tasks of a queue and does them, on the caller's thread; false when the queue had none, or none that nobody else took. */
    public boolean batch(int queue) {
        return step(queue, CacheTasks.Place.FIRST).behind() != CacheTasks.Place.FIRST;
    }

    private Step step(int queue, CacheTasks.Place after) {
        sessions.acquireUninterruptibly();
        try {
            return stepWithASession(queue, after);
        } finally {
            sessions.release();
        }
    }

    private Step stepWithASession(int queue, CacheTasks.Place after) {
        String owner = owner();
        CacheTasks.Taken taken = take(queue, after, 0, owner);
        if (taken.tasks().isEmpty() && taken.seen() > 0) {
            // Somebody else is at the same tasks: a step aside, so that both get on.
            raced.increment(taken.seen());
            taken = take(
                    queue, after, options.batch() * ThreadLocalRandom.current().nextInt(PLACES), owner);
        }
        if (taken.tasks().isEmpty()) {
            return new Step(after, taken.seen() > 0);
        }
        failpoints.hit(Failpoint.CACHE_TASKS_TAKEN);
        CacheTasks.Place behind =
                CacheTasks.Place.behind(taken.tasks().get(taken.tasks().size() - 1));
        return work(taken.tasks(), owner)
                ? new Step(behind, taken.seen() == options.batch())
                : new Step(behind, false, true);
    }

    private CacheTasks.Taken take(int queue, CacheTasks.Place after, int skip, String owner) {
        long now = clock.millis();
        return tasks.take(
                queue,
                after,
                options.batch(),
                skip,
                owner,
                now,
                now + options.lease().toMillis());
    }

    private String owner() {
        String name = options.name();
        return name.substring(0, Math.min(name.length(), LONGEST_NAME))
                + "/"
                + UUID.randomUUID().toString().substring(0, 23);
    }

    /** False after trouble, which another batch would only meet again. */
    private boolean work(List<CacheTask> taken, String owner) {
        Map<TemplateId, Integer> versions;
        try {
            versions = filler.fill(
                    databases.epoch().number(),
                    taken.stream().map(CacheTask::key).toList());
        } catch (CutoverException e) {
            LOG.warn("{} cache-build tasks are tried again in a moment: {}", taken.size(), e.getMessage());
            long now = clock.millis();
            tasks.release(taken, String.valueOf(e.getMessage()), owner, now + TROUBLE.toMillis(), now);
            return false;
        }
        failpoints.hit(Failpoint.CACHE_TASKS_BUILT);
        Predicate<CacheTask> told = task -> versions.containsKey(task.key().template());
        List<CacheTask> good = taken.stream().filter(told).toList();
        if (!good.isEmpty()) {
            int ended = tasks.finish(good, versions, owner, clock.millis());
            built.increment(ended);
            lost(good.size() - ended);
        }
        taken.stream()
                .filter(told.negate())
                .collect(Collectors.groupingBy(task -> new Failure(task.key().template(), task.attempts())))
                .forEach((failure, some) -> fail(failure, some, owner));
        return true;
    }

    /** @param attempts before this one */
    private record Failure(TemplateId template, int attempts) {}

    private void fail(Failure failure, List<CacheTask> some, String owner) {
        long now = clock.millis();
        long wait = FIRST_RETRY.toMillis() << Math.min(failure.attempts(), CacheTasks.MOST_ATTEMPTS);
        long due = now + wait + ThreadLocalRandom.current().nextLong(wait);
        int ended = tasks.fail(some, "There is no template " + failure.template() + ".", owner, due, now);
        failed.increment(ended);
        lost(some.size() - ended);
    }

    private void lost(int count) {
        if (count > 0) {
            raced.increment(count);
            LOG.warn("{} cache-build tasks took longer than their lease and are somebody else's now", count);
        }
    }

    /** Ends the workers behind the batches they are at. */
    @Override
    public void close() {
        closed = true;
        threads.shutdown();
        try {
            if (!threads.awaitTermination(options.lease().toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("A worker of cache-build tasks does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
