package dev.cutover.proxy.mirror;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.proxy.ProxyOptions;
import dev.cutover.proxy.report.Count;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The few threads, the bounded queue and the breaker of one target database: one that is ill takes nothing from the others. */
final class Bulkhead {
    private static final Logger LOG = LoggerFactory.getLogger(Bulkhead.class);

    private final ThreadPoolExecutor executor;
    private final CircuitBreaker breaker;
    private final long deadlineNanos;
    private final DatabaseId target;

    /** The guarded transaction. */
    @FunctionalInterface
    interface Write {
        void run() throws SQLException;
    }

    Bulkhead(DatabaseId target, ProxyOptions options) {
        this.target = target;
        this.deadlineNanos = options.mirrorDeadline().toNanos();
        AtomicInteger number = new AtomicInteger();
        this.executor = new ThreadPoolExecutor(
                options.mirrorThreads(),
                options.mirrorThreads(),
                1,
                TimeUnit.MINUTES,
                new ArrayBlockingQueue<>(options.mirrorQueue()),
                task -> {
                    Thread thread = new Thread(task, "cutover-mirror-" + target + "-" + number.getAndIncrement());
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.AbortPolicy());
        executor.allowCoreThreadTimeOut(true);
        this.breaker = CircuitBreaker.of(
                "mirror-" + target,
                CircuitBreakerConfig.custom()
                        .slidingWindowSize(20)
                        .minimumNumberOfCalls(5)
                        .failureRateThreshold(50)
                        .waitDurationInOpenState(Duration.ofSeconds(2))
                        .permittedNumberOfCallsInHalfOpenState(3)
                        .build());
    }

    void submit(Write write, Consumer<Count> missed) {
        long accepted = System.nanoTime();
        try {
            executor.execute(() -> run(write, accepted, missed));
        } catch (RejectedExecutionException e) {
            // The queue is full, or the proxy is closing: both are what a mirror may be given up for.
            LOG.trace("{} takes no more mirrors", target, e);
            missed.accept(Count.MIRROR_QUEUE_FULL);
        }
    }

    void stop() {
        executor.shutdown();
    }

    void await(Duration atMost) {
        try {
            if (!executor.awaitTermination(atMost.toNanos(), TimeUnit.NANOSECONDS)) {
                executor.shutdownNow();
            }
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private void run(Write write, long accepted, Consumer<Count> missed) {
        if (System.nanoTime() - accepted > deadlineNanos) {
            missed.accept(Count.MIRROR_LATE);
            return;
        }
        if (!breaker.tryAcquirePermission()) {
            missed.accept(Count.MIRROR_BREAKER_OPEN);
            return;
        }
        long begun = System.nanoTime();
        try {
            write.run();
            breaker.onSuccess(System.nanoTime() - begun, TimeUnit.NANOSECONDS);
        } catch (SQLException e) {
            String state = e.getSQLState();
            if (state != null && !state.startsWith("08")) {
                // A deadlock, a lock wait or a duplicate key says nothing about the database's health.
                breaker.onSuccess(System.nanoTime() - begun, TimeUnit.NANOSECONDS);
            } else {
                breaker.onError(System.nanoTime() - begun, TimeUnit.NANOSECONDS, e);
            }
            LOG.debug("A mirror to {} was given up; the stream delivers it", target, e);
            missed.accept(Count.MIRROR_FAILED);
        } catch (UnreachableException e) {
            breaker.onError(System.nanoTime() - begun, TimeUnit.NANOSECONDS, e);
            LOG.debug("A mirror to {} was given up; the stream delivers it", target, e);
            missed.accept(Count.MIRROR_FAILED);
        } catch (RuntimeException e) {
            breaker.onError(System.nanoTime() - begun, TimeUnit.NANOSECONDS, e);
            LOG.warn("A mirror to {} failed in an unforeseen way; the stream delivers it", target, e);
            missed.accept(Count.MIRROR_FAILED);
        }
    }
}
