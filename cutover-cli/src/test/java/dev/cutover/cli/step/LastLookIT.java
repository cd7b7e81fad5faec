package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.OwnMark;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What comes between the gates of a switch and its decision. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LastLookIT {
    private static final DatabaseId SHARD = DatabaseId.shard(1);
    private static final String LATE_COLUMN = "SELECT COUNT(*) FROM information_schema.columns"
            + " WHERE table_schema = DATABASE() AND table_name = 'note_001' AND column_name = 'late'";

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private VerifiedShop verified;

    @BeforeAll
    void walk() throws SQLException {
        verified = new VerifiedShop(folder);
    }

    @AfterAll
    void close() {
        verified.close();
    }

    // The count of the server is never taken back.
    @AfterEach
    void forgetXa() throws SQLException {
        XaGate.note(verified.context());
    }

    private interface Act {
        void run() throws SQLException;
    }

    /** Lets something happen when a switch comes by a point, and expects the switch to give up after one attempt. */
    private CommandFailedException abortedBy(Failpoint point, Act act) {
        verified.home();
        Register before = verified.shop().control().read();
        Failpoints failpoints = reached -> {
            if (reached == point) {
                try {
                    act.run();
                } catch (SQLException e) {
                    throw new AssertionError(e);
                }
            }
        };
        CommandFailedException aborted = catchThrowableOfType(
                CommandFailedException.class,
                () -> verified.switchStep().run(verified.context(Duration.ofMillis(500), failpoints), before));
        assertThat(aborted).as("the switch went through").isNotNull();
        assertThat(aborted.problem()).isEqualTo(Problem.SWITCH_ABORTED);
        Register after = verified.shop().control().read();
        assertThat(after.truth()).isEqualTo(Side.OLD);
        assertThat(after.phase()).isEqualTo(Register.Phase.STABLE);
        return aborted;
    }

    private TypedCommand dryRun() {
        return TypedCommand.run(folder, "switch", "--dry-run");
    }

    private void acknowledged() {
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            TypedCommand.run(folder, "strays", "ack", "--all", "--reason=by the test");
            return StrayGate.of(verified.context(), Side.NEW).met();
        });
    }

    @Test
    void aDefinitionThatChangedSinceTheVerificationClosesTheSwitchUntilItIsVerifiedAgain() throws SQLException {
        verified.home();
        verified.verify();
        assertThat(dryRun().exitCode()).isZero();
        verified.shop().execute(SHARD, "CREATE UNIQUE INDEX late ON note_001 (note_id, item_id)");
        TypedCommand refused = dryRun();
        assertThat(refused.exitCode()).as(refused.out() + refused.err()).isEqualTo(4);
        assertThat(refused.err())
                .contains("definitions as verified: changed since the last full verification: shard-1.note")
                .contains("fix   cutover verify once");

        Register before = verified.shop().control().read();
        CommandFailedException late = abortedBy(Failpoint.UNIT_BEGUN, () -> {});
        assertThat(late.getMessage()).contains("changed since the last full verification: shard-1.note");
        assertThat(verified.shop().control().read()).as("nothing was claimed").isEqualTo(before);

        verified.verify();
        TypedCommand met = dryRun();
        assertThat(met.exitCode()).as(met.err()).isZero();
        verified.shop().execute(SHARD, "DROP INDEX late ON note_001");
        verified.verify();
    }

    @Test
    void aDefinitionChangeInTheMiddleOfASwitchWaitsAndTheSwitchGivesWay() throws InterruptedException, SQLException {
        CountDownLatch changed = new CountDownLatch(1);
        CommandFailedException aborted = abortedBy(Failpoint.SWITCH_CLAIMED, () -> {
            verified.threads().execute(() -> {
                try {
                    verified.shop().execute(SHARD, "ALTER TABLE note_001 ADD COLUMN late INT");
                } catch (SQLException e) {
                    throw new AssertionError(e);
                } finally {
                    changed.countDown();
                }
            });
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> changed.getCount() == 0
                            || verified.shop()
                                            .number(
                                                    SHARD,
                                                    "SELECT COUNT(*) FROM performance_schema.threads"
                                                            + " WHERE PROCESSLIST_INFO LIKE 'ALTER TABLE note_001 ADD COLUMN late%'"
                                                            + " AND PROCESSLIST_STATE LIKE 'Waiting for table metadata lock%'")
                                    > 0);
            assertThat(verified.shop().number(SHARD, LATE_COLUMN))
                    .as("it waits for the switch")
                    .isZero();
        });
        assertThat(aborted.getMessage()).contains("Somebody changes the definition of a migrated table");
        assertThat(aborted.details())
                .anyMatch(line -> line.matches("shard-1\\.note_001 by connection \\d+: ALTER TABLE note_001 ADD.*"));
        assertThat(changed.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(verified.shop().number(SHARD, LATE_COLUMN)).isEqualTo(1);
        verified.writersGoOn();
        assertThat(dryRun().err()).contains("definitions as verified: changed");
        verified.shop().execute(SHARD, "ALTER TABLE note_001 DROP COLUMN late");
        acknowledged();
        verified.verify();
    }

    @Test
    void aSwitchWhoseHoldOnTheTablesWasEndedGivesUp() throws SQLException {
        CommandFailedException aborted = abortedBy(Failpoint.SWITCH_HANDED_OVER, () -> {
            // An applier between two statements reads tables, too, all of them in a large batch; but it also writes.
            long holder = verified.shop()
                    .number(
                            SHARD,
                            "SELECT t.PROCESSLIST_ID FROM performance_schema.metadata_locks m"
                                    + " JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID"
                                    + " WHERE m.OBJECT_SCHEMA = DATABASE() AND m.LOCK_TYPE = 'SHARED_READ'"
                                    + " AND m.LOCK_DURATION = 'TRANSACTION' AND t.PROCESSLIST_COMMAND = 'Sleep'"
                                    + " AND NOT EXISTS (SELECT 1 FROM performance_schema.metadata_locks w"
                                    + " WHERE w.OWNER_THREAD_ID = m.OWNER_THREAD_ID AND w.LOCK_TYPE = 'SHARED_WRITE')"
                                    + " GROUP BY t.PROCESSLIST_ID ORDER BY COUNT(DISTINCT m.OBJECT_NAME) DESC LIMIT 1");
            verified.shop().execute(SHARD, "KILL " + holder);
        });
        assertThat(aborted.getMessage()).contains("kept the definitions of [shard-1]");
        verified.writersGoOn();
    }

    @Test
    void aStrayWriteBehindTheGatesStopsTheSwitch() throws SQLException {
        CommandFailedException aborted = abortedBy(
                Failpoint.SWITCH_CLAIMED,
                () -> verified.shop().execute(SHARD, "INSERT INTO note_001 VALUES (1, 1, 1, 'by hand')"));
        assertThat(aborted.getMessage())
                .contains("Somebody wrote past the fence on the side being entered: 1 stray write: INSERT on note_001");
        verified.writersGoOn();
        try (Connection connection = verified.shop().topology().units(SHARD).getConnection()) {
            connection.createStatement().execute("DELETE FROM note_001 WHERE note_id = 1");
            OwnMark.put(connection, "repair");
            connection.commit();
        }
        acknowledged();
    }

    @Test
    void anXaTransactionThatIsPreparedBehindTheGatesStopsTheSwitch() throws SQLException {
        try (Connection connection = verified.shop().topology().pinned(DatabaseId.OLD);
                Statement statement = connection.createStatement()) {
            try {
                CommandFailedException aborted =
                        abortedBy(Failpoint.SWITCH_HANDED_OVER, () -> prepare(statement, "behind the gates"));
                assertThat(aborted.getMessage()).contains("XA transaction", "old: a prepared XA transaction");
            } finally {
                statement.execute("XA ROLLBACK 'behind the gates'");
            }
        }
        verified.writersGoOn();
    }

    @Test
    void xaThatWasUsedSinceDualWritingBeganClosesTheSwitchUntilSomebodyAcceptsIt() throws SQLException {
        verified.home();
        verified.verify();
        try (Connection connection = verified.shop().topology().pinned(DatabaseId.OLD);
                Statement statement = connection.createStatement()) {
            prepare(statement, "on another table");
            statement.execute("XA COMMIT 'on another table'");
        }
        TypedCommand refused = dryRun();
        assertThat(refused.exitCode()).as(refused.err()).isEqualTo(4);
        assertThat(refused.err())
                .containsPattern("XA not used: \\d+ XA transactions? w\\w+ prepared on 127\\.0\\.0\\.1:\\d+ since dual")
                .contains("--accept-xa");
        TypedCommand accepted = TypedCommand.run(folder, "switch", "--dry-run", "--accept-xa");
        assertThat(accepted.exitCode()).as(accepted.err()).isZero();
        XaGate.note(verified.context());
        assertThat(dryRun().exitCode()).isZero();
    }

    private void prepare(Statement statement, String name) throws SQLException {
        verified.shop()
                .execute(DatabaseId.OLD, "CREATE TABLE IF NOT EXISTS beside (id INT PRIMARY KEY AUTO_INCREMENT)");
        statement.execute("XA START '" + name + "'");
        statement.execute("INSERT INTO beside () VALUES ()");
        statement.execute("XA END '" + name + "'");
        statement.execute("XA PREPARE '" + name + "'");
    }
}
