package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.shop.Processes;
import dev.cutover.cli.shop.Shop;
import dev.cutover.cli.shop.Writers;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.Role;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.JavaProcess;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.awaitility.Awaitility;

/** A shop in VERIFIED whose worker is a process of its own, with writers that never end; what tests of killed and stopped processes begin from. */
final class WalkedShop implements AutoCloseable {
    private static final Duration BOUND = Duration.ofSeconds(60);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Shop shop;
    private final Processes processes;
    private final Writers writers;
    private JavaProcess worker;
    private int workers;

    private WalkedShop(Path folder) throws SQLException {
        shop = Shop.create(folder, "rolling");
        processes = new Processes(folder);
        run(new Installation(context(), false)::run);
        writers = shop.startWriters(3);
        worker = nextWorker();
    }

    static WalkedShop verified(Path folder) throws SQLException {
        WalkedShop walked = new WalkedShop(folder);
        walked.run(new FreezeStep());
        Awaitility.await().atMost(BOUND).untilAsserted(() -> {
            assertThat(Instances.proxies(walked.control())).as("proxies").isNotEmpty();
            assertThat(Instances.workers(walked.control()))
                    .as(walked.worker.output())
                    .isNotEmpty();
        });
        for (StageStep step : List.of(
                new SingleWriteStep(), new CopyStaticStep(), new DualWriteStep(), new CopyDynamicStep(false, false))) {
            walked.run(step);
        }
        assertThat(walked.verify().stage()).isEqualTo(Stage.VERIFIED);
        return walked;
    }

    private static void run(Runnable step) {
        step.run();
    }

    StepContext context() {
        return new StepContext(
                shop.plan(),
                shop.topology(),
                shop.control(),
                threads,
                "test",
                "a test",
                Duration.ofMinutes(2),
                Narrator.silent(),
                Failpoints.NONE);
    }

    Outcome run(StageStep step) {
        try {
            return step.run(context(), control().read());
        } catch (CommandFailedException e) {
            throw new AssertionError(e.getMessage() + " " + e.details(), e);
        }
    }

    /** Compares everything in full; fails when a row differs. */
    Register verify() {
        streamsRun();
        return run(new VerifyStep(Set.of())).register();
    }

    Shop shop() {
        return shop;
    }

    Processes processes() {
        return processes;
    }

    Writers writers() {
        return writers;
    }

    /** The worker that was started last. */
    JavaProcess worker() {
        return worker;
    }

    JavaProcess nextWorker() {
        workers++;
        worker = processes.worker("worker-" + workers);
        return worker;
    }

    ControlDatabase control() {
        return shop.control();
    }

    /** Types a command in this JVM. */
    TypedCommand type(String... words) {
        return TypedCommand.run(shop.folder(), words);
    }

    /** The truth is OLD, every stream runs, and the last verification is good for a switch. */
    void home() {
        Register register = control().read();
        assertThat(register.phase()).isEqualTo(Register.Phase.STABLE);
        if (register.truth() == Side.NEW) {
            streamsRun();
            new SwitchStep(SwitchLimits.of(shop.plan().switchPlan())).undo(context(), register);
            verify();
        }
        streamsRun();
        forgetCommandLock();
    }

    /** What a killed command leaves behind for ten seconds. */
    void forgetCommandLock() {
        try (Connection connection = shop.topology().control().getConnection();
                var statement = connection.createStatement()) {
            statement.executeUpdate("DELETE FROM cutover_lease WHERE name = 'command'");
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    void streamsRun() {
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> WorkerView.read(control())
                        .filter(view -> view.lagSeconds() != null
                                && view.status().path("active").asBoolean())
                        .isPresent());
    }

    void writersGoOn() {
        int before = writers.count();
        Awaitility.await().atMost(BOUND).until(() -> !writers.failures().isEmpty() || writers.count() > before + 20);
        assertThat(writers.failures()).isEmpty();
    }

    /** One side is open, in this epoch, and the other takes only what the stream and mirrors bring. */
    void oneSideIsOpen(Side truth, Register settled) throws SQLException {
        assertThat(settled.phase()).isEqualTo(Register.Phase.STABLE);
        assertThat(settled.truth()).isEqualTo(truth);
        for (DatabaseId database : shop.plan().databases()) {
            try (Connection connection = shop.topology().database(database).getConnection()) {
                Role expected = database.side() == truth ? Role.PRIMARY : Role.REPLICA;
                assertThat(Fence.read(connection).admits(expected, settled.epoch()))
                        .as(database + " is " + expected + " in epoch " + settled.epoch() + ", found "
                                + Fence.read(connection).describe())
                        .isTrue();
            }
        }
    }

    /** Every acknowledged claim is there once, on the side that is the truth, and its operation too. */
    void nothingAcknowledgedIsLost() throws SQLException {
        Side truth = control().read().truth();
        Map<Long, Long> acknowledged = writers.acknowledged();
        String ids = String.join(
                ",", acknowledged.keySet().stream().map(String::valueOf).toList());
        if (truth == Side.OLD) {
            assertThat(shop.number(DatabaseId.OLD, "SELECT COUNT(*) FROM shop_note WHERE id IN (" + ids + ")"))
                    .isEqualTo(acknowledged.size());
            assertThat(shop.number(
                            DatabaseId.OLD,
                            "SELECT COUNT(DISTINCT result) FROM shop_operation WHERE result IN (" + ids + ")"))
                    .isEqualTo(acknowledged.size());
            assertThat(
                            shop.number(
                                    DatabaseId.OLD,
                                    "SELECT COUNT(*) - COUNT(DISTINCT body) FROM shop_note WHERE item_id = 1 AND body LIKE '%-%'"))
                    .as("claims made twice")
                    .isZero();
        } else {
            assertThat(shop.overTables("note", "COUNT(DISTINCT note_id)", "note_id >> 10 IN (" + ids + ")"))
                    .isEqualTo(acknowledged.size());
            assertThat(shop.overTables("operation", "COUNT(DISTINCT result)", "result IN (" + ids + ")"))
                    .isEqualTo(acknowledged.size());
            assertThat(shop.overTables("note", "COUNT(*) - COUNT(DISTINCT body)", "item_id = 1 AND body LIKE '%-%'"))
                    .as("claims made twice")
                    .isZero();
        }
    }

    /** How many events of this kind there are. */
    long events(String kind) {
        return control().events(10_000).stream()
                .filter(event -> event.kind().equals(kind))
                .count();
    }

    @Override
    public void close() {
        processes.close();
        shop.close();
        threads.shutdownNow();
    }
}
