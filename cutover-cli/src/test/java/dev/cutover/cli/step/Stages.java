package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.awaitility.Awaitility;

/** The steps of a migration, run without their gates; a worker and a service run somewhere. */
final class Stages implements AutoCloseable {
    private static final Duration BOUND = Duration.ofSeconds(60);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Topology topology;
    private final ControlDatabase control;

    Stages(Topology topology, ControlDatabase control) {
        this.topology = topology;
        this.control = control;
    }

    ExecutorService threads() {
        return threads;
    }

    StepContext context() {
        return context(Duration.ofMinutes(2), Failpoints.NONE);
    }

    StepContext context(Duration timeout, Failpoints failpoints) {
        return new StepContext(
                topology.plan(), topology, control, threads, "test", "a test", timeout, Narrator.silent(), failpoints);
    }

    Outcome run(StageStep step) {
        try {
            return step.run(context(), control.read());
        } catch (CommandFailedException e) {
            throw new AssertionError(e.getMessage() + " " + e.details(), e);
        }
    }

    /** From the beginning to the first verification that finds no difference. */
    void toVerified() {
        run(new FreezeStep());
        Awaitility.await().atMost(BOUND).until(() -> !Instances.proxies(control).isEmpty());
        for (StageStep step : List.of(
                new SingleWriteStep(), new CopyStaticStep(), new DualWriteStep(), new CopyDynamicStep(false, false))) {
            run(step);
        }
        assertThat(verify().stage()).isEqualTo(Stage.VERIFIED);
    }

    /** Compares everything in full; fails when a row differs. */
    Register verify() {
        streamsRun();
        return run(new VerifyStep(Set.of())).register();
    }

    SwitchStep switchStep() {
        return new SwitchStep(SwitchLimits.of(topology.plan().switchPlan()));
    }

    /** The truth is OLD and the streams run. */
    void home() {
        Register register = control.read();
        if (register.truth() == Side.NEW) {
            streamsRun();
            switchStep().undo(context(), register);
        }
        streamsRun();
    }

    void streamsRun() {
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> WorkerView.read(control)
                        .filter(worker -> worker.lagSeconds() != null)
                        .isPresent());
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
