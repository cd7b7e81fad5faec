package dev.cutover.proxy.compare;

import dev.cutover.proxy.compare.Reader.Repeatable;
import dev.cutover.proxy.report.Count;
import dev.cutover.proxy.report.ProxyReport;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares results of reads with the other side, on threads of its own, after the caller has its answer. Safe for many threads.
 *
 * <p>The other side trails by the mirror's or the stream's delay, so a difference is no mismatch yet: both sides are read again a little
 * later, and only what differs then, too, is counted as different.
 */
public final class Shadow implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Shadow.class);
    private static final int THREADS = 2;
    private static final int MOST_AT_ONCE = 64;
    private static final Duration SECOND_LOOK_AFTER = Duration.ofMillis(300);
    private static final int LOOKS = 4;

    private final ProxyReport report;
    private final ScheduledThreadPoolExecutor executor;
    private final Semaphore room = new Semaphore(MOST_AT_ONCE);

    public Shadow(ProxyReport report, String instanceId) {
        this.report = report;
        this.executor = new ScheduledThreadPoolExecutor(THREADS, task -> {
            Thread thread = new Thread(task, "cutover-shadow-" + instanceId);
            thread.setDaemon(true);
            return thread;
        });
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    <T> void compare(long shardKey, T result, Repeatable<T> other, Repeatable<T> same) {
        if (!room.tryAcquire()) {
            report.count(Count.SHADOW_SKIPPED);
            return;
        }
        try {
            executor.execute(() -> look(shardKey, () -> result, other, same, 1));
        } catch (RejectedExecutionException e) {
            LOG.trace("No more comparisons: closing", e);
            report.count(Count.SHADOW_SKIPPED);
            room.release();
        }
    }

    private <T> void look(long shardKey, Repeatable<T> expected, Repeatable<T> other, Repeatable<T> same, int looks) {
        boolean again = false;
        try {
            // The other side first: what it shows must be no newer than what it is compared with.
            T theirs = other.read();
            boolean equal = Objects.deepEquals(expected.read(), theirs);
            if (equal || looks == LOOKS) {
                report.count(Count.SHADOW_COMPARED);
                if (!equal) {
                    report.differed(shardKey);
                } else if (looks > 1) {
                    report.count(Count.SHADOW_SETTLED);
                }
            } else {
                executor.schedule(
                        () -> look(shardKey, same, other, same, looks + 1),
                        SECOND_LOOK_AFTER.toMillis(),
                        TimeUnit.MILLISECONDS);
                again = true;
            }
        } catch (RejectedExecutionException e) {
            LOG.trace("No second look: closing", e);
            report.count(Count.SHADOW_SKIPPED);
        } catch (RuntimeException e) {
            LOG.debug("A comparison of key {} could not be made", shardKey, e);
            report.count(Count.SHADOW_SKIPPED);
        } finally {
            if (!again) {
                room.release();
            }
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
