package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.shop.Shop;
import dev.cutover.cli.shop.Writers;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.Side;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.awaitility.Awaitility;

/** A shop in VERIFIED with writers and a worker in this JVM, and steps that are run without their gates. */
final class VerifiedShop implements AutoCloseable {
    private static final Duration BOUND = Duration.ofSeconds(60);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Shop shop;
    private final Writers writers;

    VerifiedShop(Path folder) throws SQLException {
        shop = Shop.create(folder, "rolling");
        new Installation(context(), false).run();
        writers = shop.startWriters(4);
        shop.startWorker();
        run(new FreezeStep());
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> !Instances.proxies(shop.control()).isEmpty());
        for (StageStep step : List.of(
                new SingleWriteStep(), new CopyStaticStep(), new DualWriteStep(), new CopyDynamicStep(false, false))) {
            run(step);
        }
        assertThat(verify().stage()).isEqualTo(Stage.VERIFIED);
    }

    Shop shop() {
        return shop;
    }

    Writers writers() {
        return writers;
    }

    ExecutorService threads() {
        return threads;
    }

    StepContext context() {
        return context(Duration.ofMinutes(2), Failpoints.NONE);
    }

    StepContext context(Duration timeout, Failpoints failpoints) {
        return new StepContext(
                shop.plan(),
                shop.topology(),
                shop.control(),
                threads,
                "test",
                "a test",
                timeout,
                Narrator.silent(),
                failpoints);
    }

    Outcome run(StageStep step) {
        try {
            return step.run(context(), shop.control().read());
        } catch (CommandFailedException e) {
            throw new AssertionError(e.getMessage() + " " + e.details(), e);
        }
    }

    /** Compares everything in full; fails when a row differs. */
    Register verify() {
        streamsRun();
        return run(new VerifyStep(Set.of())).register();
    }

    SwitchStep switchStep() {
        return new SwitchStep(SwitchLimits.of(shop.plan().switchPlan()));
    }

    /** The truth is OLD and the streams run. */
    void home() {
        Register register = shop.control().read();
        if (register.truth() == Side.NEW) {
            streamsRun();
            switchStep().undo(context(), register);
        }
        streamsRun();
    }

    void streamsRun() {
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> WorkerView.read(shop.control())
                        .filter(worker -> worker.lagSeconds() != null)
                        .isPresent());
    }

    void writersGoOn() {
        int before = writers.count();
        Awaitility.await().atMost(BOUND).until(() -> !writers.failures().isEmpty() || writers.count() > before + 20);
        assertThat(writers.failures()).isEmpty();
    }

    @Override
    public void close() {
        shop.close();
        threads.shutdownNow();
    }
}
