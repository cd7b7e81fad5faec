package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A stand-in for the stream moves the positions; what it has not applied is in flight. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RowsInFlightIT {
    private static final DatabaseId SHARD_0 = DatabaseId.shard(0);

    private Migration migration;

    @BeforeAll
    void copyTheMall() throws Exception {
        migration = Migration.create(2, 2, 1_500, 400);
        migration.copyAll();
    }

    @AfterAll
    void drop() {
        migration.close();
    }

    @Test
    void aRowTheStreamHasNotReachedIsNotADifference() throws SQLException {
        position(DatabaseId.shard(0), "old", "");
        position(DatabaseId.shard(1), "old", "");
        migration.execute(DatabaseId.OLD, "UPDATE old_thing SET price = price + 1 WHERE id = 7");
        try {
            VerificationReport report =
                    migration.verifier().verifyOnce(running().withSettleBound(Duration.ofMillis(300)));
            assertThat(report.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
            assertThat(report.differences()).isEmpty();
            assertThat(report.unsettled())
                    .singleElement()
                    .satisfies(reason -> assertThat(reason)
                            .contains("1 rows of thing")
                            .contains("did not catch up")
                            .contains("[7]"));
        } finally {
            migration.copy("thing");
        }
    }

    @Test
    void aRowTheStreamDeliversDuringTheRecheckIsEqual() throws SQLException {
        position(DatabaseId.shard(0), "old", "");
        position(DatabaseId.shard(1), "old", "");
        migration.execute(DatabaseId.OLD, "UPDATE old_thing SET price = price + 1 WHERE id = 8");
        migration.execute(DatabaseId.OLD, "DELETE FROM cutover_marker");
        CompletableFuture<Void> stream = CompletableFuture.runAsync(() -> {
            await().until(() -> migration.value(DatabaseId.OLD, "SELECT COUNT(*) FROM cutover_marker"), "1"::equals);
            applyEverything();
        });
        VerificationReport report = migration.verifier().verifyOnce(running());
        stream.join();
        assertThat(report.verdict()).isEqualTo(Verdict.EQUAL);
        assertThat(report.tables()).singleElement().satisfies(table -> {
            assertThat(table.unequalCells()).isPositive();
            assertThat(table.settled()).isEqualTo(1);
        });
    }

    @Test
    void aRealDifferenceIsCertifiedTwiceWhileTheStreamRuns() throws SQLException {
        migration.copy("thing");
        String key = migration.value(SHARD_0, "SELECT MIN(thing_id) FROM thing_000");
        migration.execute(SHARD_0, "UPDATE thing_000 SET price = price + 1 WHERE thing_id = " + key);
        try {
            VerificationReport report = whileTheStreamRuns(this::passPositions);
            assertThat(report.verdict()).isEqualTo(Verdict.DIFFERENT);
            assertThat(report.differences()).singleElement().satisfies(difference -> {
                assertThat(difference.kind()).isEqualTo(DifferenceKind.DIFFERENT);
                assertThat(difference.differingColumns()).containsExactly("price");
                assertThat(difference.certificate().applied())
                        .hasSize(2)
                        .allMatch(applied -> applied.startsWith("old ") && applied.endsWith("applied in shard-0"));
            });
        } finally {
            migration.copy("thing");
        }
    }

    @Test
    void aRowThatChangesAllTheTimeIsHotAndNeverEqual() throws SQLException {
        migration.execute(SHARD_0, "UPDATE thing_000 SET price = -1 ORDER BY thing_id LIMIT 1");
        String id = migration.value(SHARD_0, "SELECT MIN(thing_id) >> 10 FROM thing_000");
        try {
            VerificationReport report = whileTheStreamRuns(() -> {
                execute(DatabaseId.OLD, "UPDATE old_thing SET weight = weight + 1 WHERE id = " + id);
                passPositions();
                execute(DatabaseId.OLD, "UPDATE old_thing SET weight = weight + 1 WHERE id = " + id);
            });
            assertThat(report.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
            assertThat(report.differences()).isEmpty();
            assertThat(report.unsettled())
                    .singleElement()
                    .satisfies(reason ->
                            assertThat(reason).contains("changed each time").contains("[" + id + "]"));
        } finally {
            migration.copy("thing");
        }
    }

    @Test
    void aMissingQuarantineRowIsCertifiedWhileTheStreamRuns() throws SQLException {
        migration.execute(SHARD_0, "DELETE FROM cutover_quarantine WHERE table_name = 'user_coupon' LIMIT 1");
        try {
            VerificationReport report = whileTheStreamRuns(this::passPositions, "user_coupon");
            assertThat(report.differences()).singleElement().satisfies(difference -> {
                assertThat(difference.kind()).isEqualTo(DifferenceKind.QUARANTINE);
                assertThat(difference.certificate().applied()).isNotEmpty();
            });
        } finally {
            migration.copy("user_coupon");
        }
    }

    @Test
    void afterTheSwitchTheReverseStreamIsWaitedForOnOld() throws SQLException {
        Register before = migration.control.read();
        Register claimed = before.claimed(Side.NEW, "test", Instant.now().plusSeconds(60));
        move(before, claimed);
        move(migration.control.read(), migration.control.read().decided(Register.Decision.COMMIT));
        move(migration.control.read(), migration.control.read().settled(Side.NEW));
        String key = migration.value(SHARD_0, "SELECT MIN(thing_id) FROM thing_000");
        migration.execute(SHARD_0, "UPDATE thing_000 SET price = price + 1 WHERE thing_id = " + key);
        try {
            position(DatabaseId.OLD, "new-0", "");
            VerificationReport behind =
                    migration.verifier().verifyOnce(running().withSettleBound(Duration.ofMillis(300)));
            assertThat(behind.truth()).isEqualTo("NEW");
            assertThat(behind.verdict()).isEqualTo(Verdict.INCONCLUSIVE);

            VerificationReport report = whileTheStreamRuns(this::passReversePosition);
            assertThat(report.differences())
                    .singleElement()
                    .satisfies(difference -> assertThat(difference.certificate().applied())
                            .hasSize(2)
                            .allMatch(applied -> applied.startsWith("new-0 ") && applied.endsWith("applied in old")));
        } finally {
            migration.copy("thing");
            move(migration.control.read(), migration.control.read().claimed(Side.OLD, "test", Instant.now()));
            move(migration.control.read(), migration.control.read().decided(Register.Decision.COMMIT));
            move(migration.control.read(), migration.control.read().settled(Side.OLD));
        }
    }

    private void move(Register from, Register to) {
        assertThat(migration.control.compareAndSet(
                        from, to, new EventDraft("test", "test", "test", "a", "b", null, null)))
                .isTrue();
    }

    private static VerifyOptions running() {
        return new VerifyOptions(Set.of("thing"), false, VerifyListener.SILENT);
    }

    private VerificationReport whileTheStreamRuns(Runnable beat) {
        return whileTheStreamRuns(beat, "thing");
    }

    private VerificationReport whileTheStreamRuns(Runnable beat, String table) {
        AtomicBoolean stopped = new AtomicBoolean();
        CompletableFuture<Void> stream = CompletableFuture.runAsync(() -> {
            while (!stopped.get()) {
                beat.run();
            }
        });
        try {
            return migration.verifier().verifyOnce(new VerifyOptions(Set.of(table), false, VerifyListener.SILENT));
        } finally {
            stopped.set(true);
            stream.join();
        }
    }

    /** The order of a stream: first what was executed so far, then the rows, then the position. */
    private void applyEverything() {
        try {
            String executed = executed();
            migration.copy("thing");
            position(DatabaseId.shard(0), "old", executed);
            position(DatabaseId.shard(1), "old", executed);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void passPositions() {
        try {
            String executed = executed();
            position(DatabaseId.shard(0), "old", executed);
            position(DatabaseId.shard(1), "old", executed);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void passReversePosition() {
        try {
            position(DatabaseId.OLD, "new-0", executed());
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void execute(DatabaseId database, String sql) {
        try {
            migration.execute(database, sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private String executed() throws SQLException {
        return migration.value(DatabaseId.OLD, "SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '')");
    }

    private void position(DatabaseId database, String stream, String set) throws SQLException {
        migration.execute(
                database,
                "INSERT INTO cutover_position (stream, epoch, owner, gtid_set) VALUES ('" + stream + "', 1, 1, '" + set
                        + "') ON DUPLICATE KEY UPDATE gtid_set = VALUES(gtid_set)");
    }
}
