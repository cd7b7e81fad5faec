package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.ProofLedger;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.verifier.recheck.InFlight;
import dev.cutover.verifier.recheck.NothingMoves;
import dev.cutover.verifier.recheck.Pause;
import dev.cutover.verifier.recheck.StreamPosition;
import dev.cutover.verifier.watch.ChangedKeyCheck;
import dev.cutover.verifier.watch.ChangedKeys;
import dev.cutover.verifier.watch.ContinuousVerification;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Single rows while a stand-in for the stream moves the positions. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ChangedKeyCheckIT {
    private Migration migration;

    @BeforeAll
    void copyTheMall() throws Exception {
        migration = Migration.create(2, 2, 1_000, 400);
        migration.copyAll();
    }

    @AfterAll
    void drop() {
        migration.close();
    }

    private ChangedKeyCheck.Outcome check(long id, Function<Register, InFlight> inFlight) throws SQLException {
        return new ChangedKeyCheck(migration.topology, inFlight)
                .check("thing", Map.of(RowKey.of(id), Set.of(slot(id))), migration.control.read());
    }

    private int slot(long id) throws SQLException {
        return Integer.parseInt(migration.value(
                DatabaseId.OLD,
                "SELECT CRC32(CONVERT(CAST(user_id AS UNSIGNED) USING utf8mb4)) % 4 FROM old_thing WHERE id = " + id));
    }

    private InFlight waiting(Register register) {
        return new StreamPosition(
                migration.topology, register.truth(), register.epoch(), Duration.ofMillis(500), new Pause());
    }

    private static InFlight notWaiting(Register register) {
        return new NothingMoves(Side.OLD, "the twin does not wait");
    }

    @Test
    void aRowInFlightIsUnsettledAndATwinThatDoesNotWaitCallsItDifferent() throws SQLException {
        position("");
        migration.execute(DatabaseId.OLD, "UPDATE old_thing SET price = price + 1 WHERE id = 7");
        try {
            ChangedKeyCheck.Outcome outcome = check(7, this::waiting);
            assertThat(outcome.differences()).isEmpty();
            assertThat(outcome.unsettled()).containsExactly(RowKey.of(7));
            assertThat(check(7, ChangedKeyCheckIT::notWaiting).differences()).hasSize(1);
        } finally {
            migration.copy("thing");
        }
        assertThat(check(7, ChangedKeyCheckIT::notWaiting).differences()).isEmpty();
    }

    @Test
    void aRowThatTheStreamHadNotReachedIsComparedAgainThoughNothingChangesItOnceMore() throws SQLException {
        AtomicLong now = new AtomicLong();
        ChangedKeys keys = new ChangedKeys(100, Duration.ofSeconds(3), now::get);
        ContinuousVerification verification = new ContinuousVerification(
                migration.topology,
                migration.control,
                Duration.ofDays(1),
                () -> true,
                Optional::empty,
                keys,
                new ChangedKeyCheck(migration.topology, this::waiting));
        Register register = migration.control.read();
        assertThat(migration.control.compareAndSet(
                        register,
                        register.withStage(Stage.DYNAMIC_COPIED),
                        new EventDraft("test", "move", "moved by a test", "", "", null, null)))
                .isTrue();
        ProofLedger ledger = new ProofLedger(migration.topology.control());
        AtomicBoolean stopped = new AtomicBoolean();
        position("");
        migration.execute(DatabaseId.OLD, "UPDATE old_thing SET price = price + 1 WHERE id = 13");
        int slot = slot(13);
        keys.applied(DatabaseId.shard(slot / 2), Map.of("thing", Map.of(RowKey.of(13), Set.of(slot))));
        now.addAndGet(Duration.ofSeconds(3).toNanos());
        verification.changedKeys();
        assertThat(ledger.differences()).isEmpty();
        assertThat(keys.waiting()).isEqualTo(1);
        CompletableFuture<Void> stream = CompletableFuture.runAsync(() -> {
            while (!stopped.get()) {
                pass();
            }
        });
        try {
            now.addAndGet(Duration.ofSeconds(3).toNanos());
            verification.changedKeys();
            assertThat(ledger.differences())
                    .singleElement()
                    .satisfies(seen -> assertThat(seen.key()).isEqualTo("13"));
            assertThat(keys.waiting()).isZero();
        } finally {
            stopped.set(true);
            stream.join();
            migration.copy("thing");
        }
    }

    @Test
    void aRowThatIsWrongThoughEverythingIsAppliedIsCertifiedTwice() throws SQLException {
        for (DatabaseId shard : migration.plan.shardDatabases()) {
            for (int table = 0; table < 2; table++) {
                migration.execute(shard, "UPDATE thing_00" + table + " SET price = -5 WHERE thing_id >> 10 = 9");
            }
        }
        AtomicBoolean stopped = new AtomicBoolean();
        CompletableFuture<Void> stream = CompletableFuture.runAsync(() -> {
            while (!stopped.get()) {
                pass();
            }
        });
        try {
            assertThat(check(9, this::waiting).differences()).singleElement().satisfies(difference -> {
                assertThat(difference.kind()).isEqualTo(DifferenceKind.DIFFERENT);
                assertThat(difference.differingColumns()).containsExactly("price");
                assertThat(difference.certificate().applied()).hasSize(2);
            });
        } finally {
            stopped.set(true);
            stream.join();
            migration.copy("thing");
        }
    }

    @Test
    void aRowThatIsGoneOnOldAndStillThereOnNewIsExtra() throws SQLException {
        int slot = slot(11);
        migration.execute(DatabaseId.OLD, "UPDATE old_thing SET id = 9011 WHERE id = 11");
        try {
            ChangedKeyCheck.Outcome outcome = new ChangedKeyCheck(migration.topology, ChangedKeyCheckIT::notWaiting)
                    .check("thing", Map.of(RowKey.of(11), Set.of(slot)), migration.control.read());
            assertThat(outcome.differences())
                    .singleElement()
                    .satisfies(difference -> assertThat(difference.kind()).isEqualTo(DifferenceKind.EXTRA));
        } finally {
            migration.execute(DatabaseId.OLD, "UPDATE old_thing SET id = 11 WHERE id = 9011");
        }
    }

    private void pass() {
        try {
            position(migration.value(DatabaseId.OLD, "SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '')"));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void position(String set) throws SQLException {
        for (DatabaseId shard : migration.plan.shardDatabases()) {
            migration.execute(
                    shard,
                    "INSERT INTO cutover_position (stream, epoch, owner, gtid_set) VALUES ('old', 1, 1, '" + set
                            + "') ON DUPLICATE KEY UPDATE gtid_set = VALUES(gtid_set)");
        }
    }
}
