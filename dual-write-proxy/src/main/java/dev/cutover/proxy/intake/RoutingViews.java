package dev.cutover.proxy.intake;

import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.ControlDatabaseException;
import dev.cutover.proxy.report.Count;
import dev.cutover.proxy.report.ProxyReport;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newest view of the register, read again and again by one thread, and at once when a fence refused somebody. Safe for many threads.
 *
 * <p>A view may be old: the fences decide, a view only says where to try. When the control database is away, the last view stays.
 */
public final class RoutingViews implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RoutingViews.class);
    // However many writers ask, the control database is read no more often than this.
    private static final Duration LONGEST_POLL = Duration.ofSeconds(2);
    private static final Duration LEAST_GAP = Duration.ofMillis(5);

    private final ControlDatabase control;
    private final ProxyReport report;
    private final Duration interval;
    private final Runnable changed;
    private final Thread poller;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition asked = lock.newCondition();
    private final Condition swapped = lock.newCondition();

    // Guarded by lock.
    private boolean wanted;
    private boolean closed;

    // Written by the poller under lock, read by all.
    private volatile RoutingView current;

    /**
     * Reads the first view and starts the poller.
     *
     * @param changed called by the poller after each new view
     */
    public RoutingViews(
            ControlDatabase control, ProxyReport report, Duration interval, String instanceId, Runnable changed) {
        this.control = control;
        this.report = report;
        this.interval = interval;
        this.changed = changed;
        this.current = RoutingView.of(control.read());
        this.poller = new Thread(this::poll, "cutover-views-" + instanceId);
        poller.setDaemon(true);
    }

    public void start() {
        poller.start();
    }

    public RoutingView current() {
        return current;
    }

    /** Has the register read now, and waits until there is a view other than {@code seen}, at most so long. */
    public void awaitOther(RoutingView seen, Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            wanted = true;
            asked.signal();
            long left = atMost.toNanos();
            while (current.version() == seen.version() && left > 0 && !closed) {
                left = swapped.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            asked.signalAll();
            swapped.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            // It may be asking the control database, which its owner is about to close.
            poller.join(LONGEST_POLL.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void poll() {
        boolean reachable = true;
        while (true) {
            boolean found = false;
            try {
                found = swap(RoutingView.of(control.read()));
                if (!reachable) {
                    LOG.info("The control database answers again.");
                }
                reachable = true;
            } catch (ControlDatabaseException e) {
                report.count(Count.VIEW_FAILURES);
                if (reachable) {
                    LOG.warn(
                            "The register cannot be read; the view of version {} stays in force.",
                            current.version(),
                            e);
                }
                reachable = false;
            } catch (RuntimeException e) {
                // Must not end the poller: this instance would stay on its last view for ever.
                report.count(Count.VIEW_FAILURES);
                LOG.warn("The register could not be read in an unforeseen way; the view stays in force.", e);
            }
            if (found) {
                changed.run();
            }
            if (!awaitNext()) {
                return;
            }
        }
    }

    private boolean swap(RoutingView next) {
        lock.lock();
        try {
            boolean other = next.version() != current.version();
            if (other) {
                current = next;
                swapped.signalAll();
            }
            return other;
        } finally {
            lock.unlock();
        }
    }

    /** False when closed. */
    private boolean awaitNext() {
        lock.lock();
        try {
            long now = System.nanoTime();
            long earliest = now + LEAST_GAP.toNanos();
            long next = now + interval.toNanos();
            while (!closed) {
                long until = wanted ? earliest : next;
                long left = until - System.nanoTime();
                if (left <= 0) {
                    wanted = false;
                    return true;
                }
                if (!asked.await(left, TimeUnit.NANOSECONDS)) {
                    continue;
                }
            }
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }
}
