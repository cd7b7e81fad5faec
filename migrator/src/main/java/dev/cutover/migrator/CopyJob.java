package dev.cutover.migrator;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.FencedOffException;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.ControlDatabaseException;
import dev.cutover.core.stage.Job;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.apply.ApplyFailedException;
import dev.cutover.migrator.snapshot.WindowedCopy;
import dev.cutover.migrator.throttle.SourceThreads;
import dev.cutover.migrator.throttle.Throttle;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the job {@code copy-dynamic} while it is asked for and the forward stream runs; a copy that loses its stream goes on with the next one.
 * Safe for many threads.
 */
final class CopyJob implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CopyJob.class);
    static final String NAME = "copy-dynamic";

    private final Topology topology;
    private final ControlDatabase control;
    private final Streams streams;
    private final Failpoints failpoints;
    private @Nullable Thread thread;
    private volatile @Nullable WindowedCopy copy;
    private volatile boolean stopped;

    CopyJob(Topology topology, ControlDatabase control, Streams streams, Failpoints failpoints) {
        this.topology = topology;
        this.control = control;
        this.streams = streams;
        this.failpoints = failpoints;
    }

    /** Starts the copy when it is asked for, stops it when it is not any more. */
    synchronized void follow() {
        Optional<Job.State> state = control.job(NAME).map(Job::state);
        boolean wanted = state.filter(Set.of(Job.State.REQUESTED, Job.State.RUNNING)::contains)
                .isPresent();
        Thread running = thread;
        if (!wanted) {
            stop();
        } else if (running == null || !running.isAlive()) {
            Optional<Pipeline> pipeline = streams.forwardPipeline();
            if (pipeline.isPresent()
                    && control.updateJob(
                            NAME, Set.of(Job.State.REQUESTED, Job.State.RUNNING), Job.State.RUNNING, null)) {
                start(pipeline.get());
            }
        }
    }

    private void start(Pipeline pipeline) {
        stopped = false;
        Thread started = new Thread(() -> run(pipeline), "copy");
        started.setDaemon(true);
        thread = started;
        started.start();
    }

    private void run(Pipeline pipeline) {
        ExecutorService readers =
                Executors.newFixedThreadPool(topology.plan().copy().workers());
        try {
            Throttle throttle = new Throttle(
                    topology.plan().copy(), new SourceThreads(topology), () -> lag(pipeline), streams::liveSettings);
            WindowedCopy running = new WindowedCopy(
                    topology,
                    control,
                    streams.forwardProjections().values(),
                    pipeline.appliers(),
                    throttle,
                    readers,
                    failpoints);
            copy = running;
            if (stopped) {
                return;
            }
            running.run();
            if (!stopped) {
                control.updateJob(NAME, Set.of(Job.State.RUNNING), Job.State.DONE, null);
                LOG.info("The copy of the dynamic tables is done");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ApplyFailedException | FencedOffException | ControlDatabaseException e) {
            LOG.warn("The copy goes on with the next stream: {}", e.getMessage());
        } catch (RuntimeException e) {
            if (pipeline.failure().isPresent() || stopped) {
                LOG.warn("The copy goes on with the next stream: {}", e.getMessage());
            } else {
                LOG.error("The copy failed; 'cutover copy dynamic' goes on with the chunks that are left", e);
                fail(e);
            }
        } finally {
            readers.shutdownNow();
        }
    }

    // A stream that has ended has no lag that means anything: no signal means stop, and the copy ends with it.
    private Optional<Duration> lag(Pipeline pipeline) {
        if (pipeline.failure().isPresent()) {
            throw new ApplyFailedException("The stream of the copy has ended.", null);
        }
        return pipeline.lag();
    }

    private void fail(RuntimeException e) {
        try {
            control.updateJob(
                    NAME,
                    Set.of(Job.State.RUNNING),
                    Job.State.FAILED,
                    JsonNodeFactory.instance
                            .objectNode()
                            .put("reason", String.valueOf(e.getMessage()))
                            .toString());
        } catch (ControlDatabaseException unreachable) {
            LOG.error("And the control database could not be told: {}", unreachable.getMessage());
        }
    }

    /** How far each table is; empty before the first copy in this process. */
    List<Progress> progress() {
        WindowedCopy running = copy;
        return running == null ? List.of() : running.progress();
    }

    /** Ends a running copy after the chunks in hand. */
    void stop() {
        stopped = true;
        WindowedCopy running = copy;
        if (running != null) {
            running.stop();
        }
    }

    @Override
    public synchronized void close() {
        stop();
        Thread running = thread;
        try {
            if (running != null) {
                running.join(Duration.ofSeconds(20).toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
