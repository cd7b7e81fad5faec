package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.shop.Shop;
import dev.cutover.cli.shop.Writers;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.stage.Register;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import org.awaitility.Awaitility;

/** A shop in VERIFIED with writers and a worker in this JVM, and steps that are run without their gates. */
final class VerifiedShop implements AutoCloseable {
    private static final Duration BOUND = Duration.ofSeconds(60);

    private final Shop shop;
    private final Stages stages;
    private final Writers writers;

    VerifiedShop(Path folder) throws SQLException {
        shop = Shop.create(folder, "rolling");
        stages = new Stages(shop.topology(), shop.control());
        new Installation(context(), false).run();
        writers = shop.startWriters(4);
        shop.startWorker();
        stages.toVerified();
    }

    Shop shop() {
        return shop;
    }

    Writers writers() {
        return writers;
    }

    ExecutorService threads() {
        return stages.threads();
    }

    StepContext context() {
        return stages.context();
    }

    StepContext context(Duration timeout, Failpoints failpoints) {
        return stages.context(timeout, failpoints);
    }

    Outcome run(StageStep step) {
        return stages.run(step);
    }

    Register verify() {
        return stages.verify();
    }

    SwitchStep switchStep() {
        return stages.switchStep();
    }

    void home() {
        stages.home();
    }

    void streamsRun() {
        stages.streamsRun();
    }

    void writersGoOn() {
        int before = writers.count();
        Awaitility.await().atMost(BOUND).until(() -> !writers.failures().isEmpty() || writers.count() > before + 20);
        assertThat(writers.failures()).isEmpty();
    }

    @Override
    public void close() {
        shop.close();
        stages.close();
    }
}
