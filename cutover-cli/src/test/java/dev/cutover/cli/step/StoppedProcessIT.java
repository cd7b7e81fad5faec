package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.command.TypedCommand;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.JavaProcess;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StoppedProcessIT {
    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final Duration WRITE_PAUSE = Duration.ofMillis(1_500);
    private static final long USER = 7_001;

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private WalkedShop walked;
    private int writersSoFar;

    @BeforeAll
    void walk() throws SQLException {
        walked = WalkedShop.verified(folder);
    }

    @BeforeEach
    void home() {
        walked.home();
    }

    @AfterAll
    void close() {
        walked.close();
    }

    private static List<String> acknowledged(JavaProcess writer) {
        return writer.output()
                .lines()
                .filter(line -> line.startsWith("ack "))
                .map(line -> line.split(" ")[1])
                .toList();
    }

    private JavaProcess writer() {
        writersSoFar++;
        JavaProcess writer = walked.processes().writer("service-" + writersSoFar, USER + writersSoFar);
        Awaitility.await().atMost(BOUND).until(() -> acknowledged(writer).size() > 10);
        return writer;
    }

    /** Lets the writer stop itself the next time it comes by. */
    private void stop(JavaProcess writer, Failpoint point) {
        walked.processes().arm(writer.name(), point.word() + "=stop");
        Awaitility.await().atMost(BOUND).until(writer::stopped);
        assertThat(walked.processes().acted(writer.name(), point)).isTrue();
    }

    /**
     * Lets the writer stop itself when it begins a mirror, and between two units: in the middle of one it would hold rows that everybody
     * wants, and another test is about that.
     */
    private void stopAtAMirror(JavaProcess writer) {
        String between = Failpoint.UNIT_BEGUN.word() + "=pause:3000\n";
        walked.processes().arm(writer.name(), between);
        Awaitility.await().atMost(BOUND).until(() -> walked.processes().acted(writer.name(), Failpoint.UNIT_BEGUN));
        walked.processes().arm(writer.name(), between + Failpoint.MIRROR_BEGUN.word() + "=stop");
        Awaitility.await().atMost(BOUND).until(writer::stopped);
        assertThat(walked.processes().acted(writer.name(), Failpoint.MIRROR_BEGUN))
                .isTrue();
    }

    /** As an operator does whom a busy stream makes wait. */
    private TypedCommand switchNow() {
        TypedCommand[] last = {switchOnce()};
        Awaitility.await().atMost(BOUND).untilAsserted(() -> {
            if (last[0].exitCode() == 4 || last[0].exitCode() == 7) {
                TypedCommand refused = last[0];
                last[0] = switchOnce();
                // Says, when time is up, what kept the switch from beginning.
                assertThat(refused.err()).isEmpty();
            }
        });
        return last[0];
    }

    private TypedCommand switchOnce() {
        return walked.type(
                "switch",
                "--confirm=shop",
                "--reason=a test",
                "--timeout=3s",
                "--write-pause",
                WRITE_PAUSE.toMillis() + "ms");
    }

    /** The writer goes on; what it acknowledged before and after is there once, on the side that is the truth, and nothing else anywhere. */
    private void resumedAndCorrect(JavaProcess writer) throws SQLException {
        int before = acknowledged(writer).size();
        writer.resume();
        Awaitility.await().atMost(BOUND).until(() -> acknowledged(writer).size() > before + 10);
        assertThat(writer.output()).doesNotContain("refused").doesNotContain("Exception");
        writer.close();
        List<String> operations = acknowledged(writer);
        Side truth = walked.control().read().truth();
        String like = "body LIKE '" + writer.name() + "-%'";
        long there = truth == Side.OLD
                ? walked.shop().number(DatabaseId.OLD, "SELECT COUNT(*) FROM shop_note WHERE " + like)
                : walked.shop().overTables("note", "COUNT(*)", like);
        // The one under way when it was closed may be there, its answer unheard.
        assertThat(there).isBetween((long) operations.size(), operations.size() + 1L);
        walked.writersGoOn();
        walked.nothingAcknowledgedIsLost();
        // Row by row, both sides: nothing was written on the one that was left.
        walked.verify();
    }

    @Test
    void aWriterStoppedBeforeTheFenceIsReadWritesOnTheSideThatIsOpenWhenItGoesOn() throws SQLException {
        JavaProcess writer = writer();
        stop(writer, Failpoint.UNIT_BEGUN);
        TypedCommand switched = switchNow();
        assertThat(switched.exitCode()).as(switched.err()).isZero();
        resumedAndCorrect(writer);
        walked.oneSideIsOpen(Side.NEW, walked.control().read());
    }

    @Test
    void aWriterStoppedBeforeItsMirrorDoesNotMirrorOverTheSideThatIsOpenNow() throws SQLException {
        JavaProcess writer = writer();
        stopAtAMirror(writer);
        TypedCommand switched = switchNow();
        assertThat(switched.exitCode()).as(switched.err()).isZero();
        resumedAndCorrect(writer);
        walked.oneSideIsOpen(Side.NEW, walked.control().read());
    }

    @Test
    void aWriterStoppedInsideItsTransactionIsNamedAndHoldsNobodyElseUp() throws SQLException {
        JavaProcess writer = writer();
        // It holds the fence and no row that others want.
        stop(writer, Failpoint.UNIT_FENCED);
        Register before = walked.control().read();
        TypedCommand refused = switchOnce();
        assertThat(refused.exitCode()).as(refused.err()).isNotZero();
        assertThat(refused.err()).contains("connection");
        assertThat(walked.control().read().epoch()).isEqualTo(before.epoch());
        walked.writersGoOn();
        resumedAndCorrect(writer);
        TypedCommand switched = switchNow();
        assertThat(switched.exitCode()).as(switched.err()).isZero();
        walked.writersGoOn();
    }

    @Test
    void aWriterStoppedInsideItsTransactionAfterTheRehearsalDoesNotKeepTheDoorsShut() throws SQLException {
        JavaProcess writer = writer();
        walked.processes().arm("operator", "switch.prepared=pause:1500");
        walked.writersGoOn();
        assertThat(walked.writers().longestSilence()).isPositive();
        JavaProcess operator = walked.processes()
                .command(
                        "operator",
                        "switch",
                        "--confirm=shop",
                        "--reason=a test",
                        "--timeout=1s",
                        "--write-pause",
                        WRITE_PAUSE.toMillis() + "ms");
        Awaitility.await().atMost(BOUND).until(() -> walked.processes().acted("operator", Failpoint.SWITCH_PREPARED));
        // It holds the fence and no row that others want.
        stop(writer, Failpoint.UNIT_FENCED);
        assertThat(operator.end(BOUND)).as(operator.output()).isNotEmpty();
        walked.writersGoOn();
        Duration silence = walked.writers().longestSilence();
        assertThat(silence).as(operator.output()).isLessThan(Duration.ofSeconds(10));
        walked.oneSideIsOpen(Side.OLD, walked.control().read());
        resumedAndCorrect(writer);
    }

    @ParameterizedTest
    @EnumSource(
            value = Failpoint.class,
            names = {"APPLY_DIRTY", "APPLY_ROWS_WRITTEN"})
    void aStoppedWorkerIsReplacedAndChangesNothingWhenItGoesOnAfterASwitch(Failpoint point) throws SQLException {
        JavaProcess zombie = walked.worker();
        walked.processes().arm(zombie.name(), point.word() + "=stop");
        Awaitility.await().atMost(BOUND).until(zombie::stopped);
        // It holds its lease to the end, and what its transactions have locked until somebody ends them.
        JavaProcess next = walked.nextWorker();
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> WorkerView.read(walked.control())
                        .filter(view -> view.id().endsWith("-" + next.pid()) && view.lagSeconds() != null)
                        .isPresent());
        TypedCommand switched = switchNow();
        assertThat(switched.exitCode()).as(switched.err()).isZero();
        zombie.resume();
        Awaitility.await()
                .atMost(BOUND)
                .until(() -> walked.processes().log(zombie.name()).contains("Another worker has taken the lease"));
        walked.writersGoOn();
        walked.oneSideIsOpen(Side.NEW, walked.control().read());
        walked.nothingAcknowledgedIsLost();
        walked.verify();
        zombie.kill();
    }
}
