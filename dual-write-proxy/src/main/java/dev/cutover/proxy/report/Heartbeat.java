package dev.cutover.proxy.report;

import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.ControlDatabaseException;
import dev.cutover.core.stage.Instance;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reports this instance to the control database, regularly and when asked. Safe for many threads. */
public final class Heartbeat implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);

    private final ControlDatabase control;
    private final Supplier<Instance> state;
    private final String instanceId;
    private final ScheduledThreadPoolExecutor executor;

    public Heartbeat(ControlDatabase control, Supplier<Instance> state, String instanceId) {
        this.control = control;
        this.state = state;
        this.instanceId = instanceId;
        this.executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "cutover-heartbeat-" + instanceId);
            thread.setDaemon(true);
            return thread;
        });
    }

    public void start(Duration interval) {
        executor.scheduleWithFixedDelay(this::beat, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Reports now, not on the caller's thread. */
    public void now() {
        try {
            executor.execute(this::beat);
        } catch (RejectedExecutionException e) {
            LOG.trace("No more heartbeats: closing", e);
        }
    }

    private void beat() {
        try {
            control.heartbeat(state.get());
        } catch (ControlDatabaseException e) {
            LOG.debug("This instance could not report itself; commands hold it for dead until it can", e);
        } catch (RuntimeException e) {
            // An exception that leaves here would end the heartbeats without a word.
            LOG.warn("This instance could not report itself", e);
        }
    }

    /** Ends the reports and takes the instance off the list. */
    @Override
    public void close() {
        executor.shutdownNow();
        try {
            if (executor.awaitTermination(1, TimeUnit.SECONDS)) {
                control.retire(instanceId);
            }
        } catch (ControlDatabaseException e) {
            LOG.debug("This instance could not take itself off the list", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
