package dev.cutover.proxy.mirror;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.proxy.ProxyOptions;
import dev.cutover.proxy.report.Count;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread, the bounded queue and the breaker of one target database: one that is ill takes nothing from the others. After a quiet
 * moment a mirror is written at once; under load mirrors gather for a moment and are written together, so that a database under pressure
 * gets fewer and larger transactions.
 */
final class Bulkhead {
    private static final Logger LOG = LoggerFactory.getLogger(Bulkhead.class);
    private static final int MOST_A_TRANSACTION = 64;
    private static final Duration LOOK = Duration.ofMillis(200);
    // From the beginning of one transaction to the beginning of the next.
    private static final long GATHER_NANOS = Duration.ofMillis(200).toNanos();

    private final BlockingQueue<Mirroring> queue;
    private final CircuitBreaker breaker;
    private final long deadlineNanos;
    private final DatabaseId target;
    private final Write write;
    private final Consumer<Count> missed;
    private final Thread thread;
    private volatile boolean stopping;

    /** The guarded transactions. */
    @FunctionalInterface
    interface Write {
        void run(List<Mirroring> mirrorings) throws SQLException;
    }

    /**
     * A bulkhead whose thread runs.
     *
     * @param write writes mirrors of this database, in the order they were accepted
     * @param missed hears of each mirror that was given up
     */
    Bulkhead(DatabaseId target, ProxyOptions options, Write write, Consumer<Count> missed) {
        this.target = target;
        this.deadlineNanos = options.mirrorDeadline().toNanos();
        this.queue = new ArrayBlockingQueue<>(options.mirrorQueue());
        this.write = write;
        this.missed = missed;
        this.breaker = CircuitBreaker.of(
                "mirror-" + target,
                CircuitBreakerConfig.custom()
                        .slidingWindowSize(20)
                        .minimumNumberOfCalls(5)
                        .failureRateThreshold(50)
                        .waitDurationInOpenState(Duration.ofSeconds(2))
                        .permittedNumberOfCallsInHalfOpenState(3)
                        .build());
        this.thread = new Thread(this::run, "cutover-mirror-" + target);
        thread.setDaemon(true);
    }

    Bulkhead start() {
        thread.start();
        return this;
    }

    void submit(Mirroring mirroring) {
        if (stopping || !queue.offer(mirroring)) {
            missed.accept(Count.MIRROR_QUEUE_FULL);
        }
    }

    /** Takes nothing more; what has queued is written, or given up when its deadline passes. */
    void stop() {
        stopping = true;
    }

    void await(Duration atMost) {
        try {
            thread.join(Math.max(1, atMost.toMillis()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        long next = System.nanoTime();
        try {
            while (true) {
                Mirroring first = queue.poll(LOOK.toNanos(), TimeUnit.NANOSECONDS);
                if (first != null) {
                    List<Mirroring> together = gather(first, next);
                    next = System.nanoTime() + GATHER_NANOS;
                    write(together);
                } else if (stopping) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<Mirroring> gather(Mirroring first, long until) throws InterruptedException {
        List<Mirroring> together = new ArrayList<>();
        together.add(first);
        for (long left = until - System.nanoTime();
                left > 0 && !stopping && together.size() < MOST_A_TRANSACTION;
                left = until - System.nanoTime()) {
            Mirroring another = queue.poll(left, TimeUnit.NANOSECONDS);
            if (another != null) {
                together.add(another);
            }
        }
        queue.drainTo(together, MOST_A_TRANSACTION - together.size());
        return together;
    }

    private void write(List<Mirroring> together) {
        List<Mirroring> inTime = new ArrayList<>();
        for (Mirroring mirroring : together) {
            if (System.nanoTime() - mirroring.acceptedAt() > deadlineNanos) {
                missed.accept(Count.MIRROR_LATE);
            } else if (!breaker.tryAcquirePermission()) {
                missed.accept(Count.MIRROR_BREAKER_OPEN);
            } else {
                inTime.add(mirroring);
            }
        }
        if (!inTime.isEmpty()) {
            guarded(inTime);
        }
    }

    private void guarded(List<Mirroring> together) {
        long begun = System.nanoTime();
        try {
            write.run(together);
            together.forEach(any -> breaker.onSuccess(System.nanoTime() - begun, TimeUnit.NANOSECONDS));
        } catch (SQLException e) {
            LOG.debug("{} mirrors to {} were given up; the stream delivers them", together.size(), target, e);
            // A deadlock, a lock wait or a duplicate key says nothing about the database's health.
            boolean healthy = e.getSQLState() != null && !e.getSQLState().startsWith("08");
            givenUp(together, begun, healthy, e);
        } catch (UnreachableException e) {
            LOG.debug("{} mirrors to {} were given up; the stream delivers them", together.size(), target, e);
            givenUp(together, begun, false, e);
        } catch (RuntimeException e) {
            LOG.warn("A mirror to {} failed in an unforeseen way; the stream delivers it", target, e);
            givenUp(together, begun, false, e);
        }
    }

    private void givenUp(List<Mirroring> together, long begun, boolean healthy, Exception why) {
        for (int i = 0; i < together.size(); i++) {
            long took = System.nanoTime() - begun;
            if (healthy) {
                breaker.onSuccess(took, TimeUnit.NANOSECONDS);
            } else {
                breaker.onError(took, TimeUnit.NANOSECONDS, why);
            }
            missed.accept(Count.MIRROR_FAILED);
        }
    }
}
