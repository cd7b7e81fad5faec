package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.command.TypedCommand;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.JavaProcess;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CoordinatorDeathIT {
    private static final String COORDINATOR = "coordinator";
    private static final Duration BOUND = Duration.ofSeconds(60);
    // The lease is four thirds of it: so long must writers wait for somebody who will not come back.
    private static final Duration WRITE_PAUSE = Duration.ofMillis(1_500);
    private static final Duration LEASE = WRITE_PAUSE.multipliedBy(4).dividedBy(3);
    // Watchdog every 500 ms, writers that look again, two commands and a worker on as few processors as there are.
    private static final Duration WATCH = Duration.ofMillis(500);
    private static final Duration SLACK = Duration.ofSeconds(4);
    private static final boolean FULL = "full".equals(System.getenv("CUTOVER_FAULTS"));

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private WalkedShop walked;

    /** Who ends what a dead coordinator left. */
    enum Rescue {
        RESUME,
        ABORT,
        NOBODY
    }

    @BeforeAll
    void walk() throws SQLException {
        walked = WalkedShop.verified(folder);
    }

    @AfterAll
    void close() {
        walked.close();
    }

    // Each rescue before and after the decision; with CUTOVER_FAULTS=full every point with every rescue.
    static Stream<Arguments> deaths() {
        if (!FULL) {
            return Stream.of(
                    Arguments.of(SwitchPoint.CLOSED, Rescue.ABORT),
                    Arguments.of(SwitchPoint.STARTED, Rescue.NOBODY),
                    Arguments.of(SwitchPoint.CHECKED, Rescue.RESUME),
                    Arguments.of(SwitchPoint.DECIDED, Rescue.ABORT),
                    Arguments.of(SwitchPoint.OPENED, Rescue.NOBODY),
                    Arguments.of(SwitchPoint.RELEASED, Rescue.RESUME));
        }
        return Stream.of(SwitchPoint.values())
                .filter(point -> point != SwitchPoint.PREPARED && point != SwitchPoint.SETTLED)
                .flatMap(point -> Stream.of(Rescue.values()).map(rescue -> Arguments.of(point, rescue)));
    }

    private JavaProcess operator(String name, Duration writePause) {
        return walked.processes()
                .command(
                        name,
                        "switch",
                        "--confirm=shop",
                        "--reason=a test",
                        "--write-pause",
                        writePause.toMillis() + "ms");
    }

    @ParameterizedTest
    @MethodSource("deaths")
    void aSwitchWhoseCoordinatorIsKilledEndsOnOneSideInTime(SwitchPoint point, Rescue rescue) throws SQLException {
        walked.home();
        Register before = walked.control().read();
        walked.processes().arm(COORDINATOR, point.failpoint().word() + "=halt");
        walked.writersGoOn();
        assertThat(walked.writers().longestSilence()).isPositive();
        JavaProcess coordinator = operator(COORDINATOR, WRITE_PAUSE);
        assertThat(coordinator.end(BOUND)).as(coordinator.output()).hasValue(137);
        assertThat(walked.processes().acted(COORDINATOR, point.failpoint())).isTrue();
        rescue(rescue);
        Register settled = walked.control().read();
        Side truth = point.compareTo(SwitchPoint.DECIDED) >= 0 ? Side.NEW : Side.OLD;
        walked.oneSideIsOpen(truth, settled);
        assertThat(settled.epoch()).isEqualTo(before.epoch().next());
        walked.writersGoOn();
        assertThat(walked.writers().longestSilence())
                .isLessThan(LEASE.plus(WATCH).plus(SLACK));
        walked.nothingAcknowledgedIsLost();
    }

    private void rescue(Rescue rescue) {
        if (rescue != Rescue.NOBODY) {
            // Refused, with the reason, as long as the dead one's lease lasts; "nothing to resume" when the worker was
            // quicker.
            Awaitility.await().atMost(BOUND).until(() -> {
                TypedCommand typed = walked.type("switch", rescue == Rescue.RESUME ? "--resume" : "--abort");
                if (typed.exitCode() != 0) {
                    assertThat(typed.err()).containsAnyOf("is still driven by", "No switch is under way");
                }
                return typed.exitCode() == 0 || typed.err().contains("No switch is under way");
            });
        }
        Awaitility.await().atMost(BOUND).until(() -> walked.control().read().phase() == Register.Phase.STABLE);
    }

    @ParameterizedTest
    @MethodSource("abortPoints")
    void anAbortThatIsKilledIsFinishedByTheWorker(Failpoint point) throws SQLException {
        walked.home();
        walked.processes().arm(COORDINATOR, "switch.marked=throw", point.word() + "=halt");
        JavaProcess coordinator = operator(COORDINATOR, WRITE_PAUSE);
        assertThat(coordinator.end(BOUND)).as(coordinator.output()).hasValue(137);
        rescue(Rescue.NOBODY);
        walked.oneSideIsOpen(Side.OLD, walked.control().read());
        walked.writersGoOn();
        walked.nothingAcknowledgedIsLost();
    }

    static Stream<Failpoint> abortPoints() {
        return FULL
                ? Stream.of(Failpoint.ABORT_DECIDED, Failpoint.ABORT_TARGETS_RAISED, Failpoint.ABORT_REOPENED)
                : Stream.of(Failpoint.ABORT_TARGETS_RAISED);
    }

    @Test
    void ofTwoOperatorsAtOnceOneSwitchesAndOneIsToldWhy() throws SQLException {
        walked.home();
        Register before = walked.control().read();
        long commits = walked.events(SwitchRun.COMMITTED);
        long claims = walked.events(SwitchRun.CLAIMED);
        // The first stands still until the second has come as far: how long a JVM takes to start does not matter.
        walked.processes().arm("first", "switch.prepared=stop");
        walked.processes().arm("second", "switch.prepared=pause:500");
        JavaProcess first = operator("first", Duration.ofSeconds(8));
        Awaitility.await().atMost(BOUND).until(first::stopped);
        JavaProcess third = operator("third", Duration.ofSeconds(8));
        assertThat(third.end(BOUND)).as(third.output()).isNotEmpty();
        assertThat(third.output()).contains("Another command is changing this migration");
        // Safety must not rest on the lock: as if it had run out.
        walked.forgetCommandLock();
        JavaProcess second = operator("second", Duration.ofSeconds(8));
        awaitActed("second", Failpoint.SWITCH_PREPARED);
        first.resume();
        int firstExit = first.end(BOUND).orElseThrow();
        int secondExit = second.end(BOUND).orElseThrow();
        String both = first.output() + "\n----\n" + second.output();
        assertThat(List.of(firstExit, secondExit)).as(both).containsOnlyOnce(0);
        String loser = firstExit == 0 ? second.output() : first.output();
        assertThat(loser).contains("fix   ").doesNotContain("Exception");
        assertThat(walked.events(SwitchRun.COMMITTED) - commits).isEqualTo(1);
        assertThat(walked.events(SwitchRun.CLAIMED) - claims).isEqualTo(1);
        Register settled = walked.control().read();
        walked.oneSideIsOpen(Side.NEW, settled);
        assertThat(settled.epoch()).isEqualTo(before.epoch().next());
        walked.writersGoOn();
        walked.nothingAcknowledgedIsLost();
    }

    @Test
    void anOperatorWhoAbortsBeatsOneWhoHasNotDecided() throws SQLException {
        walked.home();
        Register before = walked.control().read();
        walked.processes().arm("first", "switch.checked=pause:2500");
        JavaProcess first = operator("first", Duration.ofSeconds(20));
        awaitActed("first", Failpoint.SWITCH_CHECKED);
        TypedCommand abort = walked.type("switch", "--abort");
        assertThat(abort.exitCode()).as(abort.err()).isZero();
        walked.oneSideIsOpen(Side.OLD, walked.control().read());
        walked.writersGoOn();
        // It finds out, says so, and tries once more, as it was told to: until its time is up.
        assertThat(first.end(BOUND)).as(first.output()).isNotEmpty();
        Register settled = walked.control().read();
        assertThat(walked.control().events(10_000).stream()
                        .filter(event -> event.kind().equals(SwitchRun.ABORTED))
                        .count())
                .isPositive();
        assertThat(settled.epoch()).isGreaterThan(before.epoch());
        walked.oneSideIsOpen(settled.truth(), settled);
        assertThat(first.output()).contains("Somebody else decided");
        walked.writersGoOn();
        walked.nothingAcknowledgedIsLost();
    }

    private void awaitActed(String name, Failpoint point) {
        Awaitility.await().atMost(BOUND).until(() -> walked.processes().acted(name, point));
    }
}
