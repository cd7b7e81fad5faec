package dev.cutover.core.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.position.GtidSet;
import dev.cutover.core.topology.DatabaseId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class FenceIT {
    private static final Epoch ONE = new Epoch(1);
    private static final Epoch TWO = new Epoch(2);

    @Test
    void aMissingRowReadsAsClosed() throws SQLException {
        FencedDatabase database = new FencedDatabase(Role.PRIMARY, ONE);
        database.execute("DELETE FROM cutover_fence");

        assertThat(database.fence()).isEqualTo(FenceState.MISSING);
        assertThat(database.fence().admits(Role.PRIMARY, ONE)).isFalse();
    }

    @Test
    void installingAgainKeepsTheFenceAsItIs() throws SQLException {
        FencedDatabase database = new FencedDatabase(Role.REPLICA, ONE);
        try (Connection connection = database.session()) {
            assertThat(Fence.install(connection, Role.PRIMARY, TWO, "again"))
                    .isEqualTo(new FenceState(ONE, Role.REPLICA, 1, true));
        }
    }

    @Test
    void aFenceWrittenByAnotherServerAdmitsNobodyAndIsNotMoved() throws SQLException {
        FencedDatabase database = new FencedDatabase(Role.PRIMARY, ONE);
        database.execute("UPDATE cutover_fence SET server_uuid = UUID()");

        assertThat(database.fence().admits(Role.PRIMARY, ONE)).isFalse();
        assertThat(close(database, TWO).kind()).isEqualTo(CloseOutcome.Kind.SUPERSEDED);
        assertThat(database.fence().role()).isEqualTo(Role.PRIMARY);
    }

    @Test
    void theLifeOfOneSwitch() throws SQLException {
        FencedDatabase from = new FencedDatabase(Role.PRIMARY, ONE);
        FencedDatabase to = new FencedDatabase(Role.REPLICA, ONE);
        try (Connection source = from.session();
                Connection target = to.session()) {
            assertThat(close(from, TWO).closed()).isTrue();
            assertThat(close(from, TWO).closed())
                    .as("closing again changes nothing")
                    .isTrue();

            assertThat(Fence.open(target, TWO, "test"))
                    .as("no start of epoch 2 yet")
                    .isZero();
            assertThat(Fence.recordStart(target, TWO)).isTrue();
            assertThat(Fence.start(target, TWO)).isPresent();
            assertThat(Fence.open(target, TWO, "test")).isOne();
            assertThat(Fence.open(target, TWO, "test")).as("opened once").isZero();
            assertThat(Fence.toReplica(source, TWO, "test")).isOne();
            assertThat(Fence.toReplica(source, TWO, "test")).isZero();
        }
        assertThat(from.fence()).isEqualTo(new FenceState(TWO, Role.REPLICA, 1, true));
        assertThat(to.fence()).isEqualTo(new FenceState(TWO, Role.PRIMARY, 1, true));
    }

    @Test
    void anAbortRaisesBothSidesSoThatNobodyCanOpenInThatEpochAnyMore() throws SQLException {
        FencedDatabase closed = new FencedDatabase(Role.PRIMARY, ONE);
        FencedDatabase neverClosed = new FencedDatabase(Role.PRIMARY, ONE);
        FencedDatabase to = new FencedDatabase(Role.REPLICA, ONE);
        close(closed, TWO);
        try (Connection a = closed.session();
                Connection b = neverClosed.session();
                Connection target = to.session()) {
            Fence.recordStart(target, TWO);
            assertThat(Fence.abortTo(target, TWO, "test")).isOne();
            assertThat(Fence.abortFrom(a, TWO, "test")).isOne();
            assertThat(Fence.abortFrom(b, TWO, "test")).isOne();

            assertThat(Fence.open(target, TWO, "late coordinator")).isZero();
            assertThat(close(neverClosed, TWO).kind()).isEqualTo(CloseOutcome.Kind.SUPERSEDED);
        }
        assertThat(closed.fence()).isEqualTo(new FenceState(TWO, Role.PRIMARY, 1, true));
        assertThat(neverClosed.fence()).isEqualTo(new FenceState(TWO, Role.PRIMARY, 1, true));
        assertThat(to.fence()).isEqualTo(new FenceState(TWO, Role.REPLICA, 1, true));
    }

    @Test
    void aStartIsRefusedOnceTheTargetIsOpenInAnotherEpoch() throws SQLException {
        FencedDatabase database = new FencedDatabase(Role.PRIMARY, TWO);
        try (Connection connection = database.session()) {
            assertThat(Fence.recordStart(connection, ONE)).isFalse();
            assertThat(Fence.recordStart(connection, TWO))
                    .as("before the first forward stream")
                    .isTrue();
            assertThat(Fence.start(connection, ONE)).isEmpty();
        }
    }

    @Test
    void theStartOfAnOlderEpochStaysAfterAnAbort() throws SQLException {
        FencedDatabase database = new FencedDatabase(Role.PRIMARY, ONE);
        try (Connection connection = database.session()) {
            assertThat(Fence.recordStart(connection, ONE)).isTrue();
            var start = Fence.start(connection, ONE);
            connection.createStatement().execute("INSERT INTO written (epoch) VALUES (1)");
            assertThat(Fence.abortFrom(connection, TWO, "test")).isOne();

            assertThat(Fence.recordStart(connection, TWO)).isTrue();

            assertThat(Fence.start(connection, TWO))
                    .as("a start from now would pass over the row that was written")
                    .isEmpty();
            assertThat(Fence.start(connection, ONE)).isEqualTo(start);
        }
    }

    @Test
    void aLongTransactionBlocksTheCloseOnlyBrieflyAndIsNamed() throws SQLException {
        FencedDatabase database = new FencedDatabase(Role.PRIMARY, ONE);
        try (Connection writer = database.session()) {
            writer.setAutoCommit(false);
            Fence.readShared(writer);
            writer.createStatement().execute("INSERT INTO written (epoch) VALUES (1)");

            CloseOutcome outcome = close(database, TWO);

            assertThat(outcome.kind()).isEqualTo(CloseOutcome.Kind.BLOCKED);
            assertThat(outcome.took()).isLessThan(Duration.ofSeconds(2));
            assertThat(outcome.blockersUnknown()).isNull();
            assertThat(outcome.blockers()).hasSize(1);
            assertThat(outcome.blockers().get(0).connectionId()).isEqualTo(connectionId(writer));
            assertThat(outcome.blockers().get(0).statement())
                    .contains("INSERT INTO")
                    .doesNotContain("VALUES ( 1");
            // Nobody waits behind the attempt that was taken back.
            try (Connection other = database.session()) {
                other.setAutoCommit(false);
                assertThat(Fence.readShared(other).role()).isEqualTo(Role.PRIMARY);
                other.rollback();
            }
            writer.commit();
        }
        assertThat(close(database, TWO).closed()).isTrue();
    }

    @Test
    void aRehearsedCloseNamesWhoIsInTheWayAndMovesNothing() throws SQLException {
        FencedDatabase database = new FencedDatabase(Role.PRIMARY, ONE);
        FenceState before = database.fence();
        try (Connection writer = database.session()) {
            writer.setAutoCommit(false);
            Fence.readShared(writer);
            CloseOutcome outcome = rehearse(database).orElseThrow();
            assertThat(outcome.kind()).isEqualTo(CloseOutcome.Kind.BLOCKED);
            assertThat(outcome.blockers()).hasSize(1);
            assertThat(outcome.blockers().get(0).connectionId()).isEqualTo(connectionId(writer));
            writer.commit();
        }
        assertThat(rehearse(database)).isEmpty();
        assertThat(database.fence()).isEqualTo(before);
    }

    @Test
    void everyAcknowledgedWriteOf32WritersLandsBeforeTheClose()
            throws ExecutionException, InterruptedException, SQLException, TimeoutException {
        FencedDatabase database = new FencedDatabase(Role.PRIMARY, ONE);

        Race race = race(database, true);

        assertThat(race.committedAfterClose()).isZero();
        assertThat(database.rows()).isEqualTo(race.acknowledged());
    }

    @Test
    void writersThatLookAtTheFenceWithoutHoldingItAreSeenToWriteAfterTheClose()
            throws ExecutionException, InterruptedException, SQLException, TimeoutException {
        FencedDatabase database = new FencedDatabase(Role.PRIMARY, ONE);

        Race race = race(database, false);

        assertThat(race.committedAfterClose()).as("the twin without FOR SHARE").isPositive();
    }

    private record Race(long acknowledged, long committedAfterClose) {}

    /** 32 writers write as fast as they can while the fence closes; what was not there at the close was written after it. */
    private static Race race(FencedDatabase database, boolean holdingTheFence)
            throws ExecutionException, InterruptedException, SQLException, TimeoutException {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong acknowledged = new AtomicLong();
        ExecutorService pool = Executors.newFixedThreadPool(32);
        try (Connection counting = database.session()) {
            List<Future<?>> writers = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                writers.add(pool.submit(() -> {
                    try (Connection connection = database.session()) {
                        connection.setAutoCommit(false);
                        while (!stop.get()) {
                            FenceState fence = holdingTheFence ? Fence.readShared(connection) : Fence.read(connection);
                            if (!fence.admits(Role.PRIMARY, ONE)) {
                                connection.rollback();
                                return null;
                            }
                            if (!holdingTheFence) {
                                // The twin ends the transaction that held the table, as a check in autocommit does.
                                connection.commit();
                            }
                            connection.createStatement().execute("INSERT INTO written (epoch) VALUES (1)");
                            // The twin takes its time, so that a slow machine still counts at the close before it
                            // commits.
                            connection.createStatement().execute("DO SLEEP(" + (holdingTheFence ? 0.02 : 0.3) + ")");
                            connection.commit();
                            acknowledged.incrementAndGet();
                        }
                    }
                    return null;
                }));
            }
            Awaitility.await().until(() -> acknowledged.get() > 200);
            CloseOutcome outcome = close(database, TWO);
            for (int attempts = 1; !outcome.closed() && attempts < 20; attempts++) {
                outcome = close(database, TWO);
            }
            long atClose = FencedDatabase.rows(counting);
            for (Future<?> writer : writers) {
                writer.get(30, TimeUnit.SECONDS);
            }
            assertThat(outcome.closed()).isTrue();
            return new Race(acknowledged.get(), database.rows() - atClose);
        } finally {
            stop.set(true);
            pool.shutdownNow();
        }
    }

    @Test
    void aMarkerComesBackWithItsOwnGtid() throws SQLException {
        FencedDatabase database = new FencedDatabase(Role.CLOSING, TWO);
        try (Connection connection = database.session()) {
            String first =
                    Fence.writeMarker(connection, "old", TWO, UUID.randomUUID().toString());
            String second =
                    Fence.writeMarker(connection, "old", TWO, UUID.randomUUID().toString());

            assertThat(first).matches("[0-9a-f-]{36}:\\d+").isNotEqualTo(second);
            try (ResultSet row = connection
                    .createStatement()
                    .executeQuery("SELECT GTID_SUBSET('" + second + "', @@GLOBAL.gtid_executed)")) {
                row.next();
                assertThat(row.getInt(1)).isOne();
            }
        }
    }

    @Test
    void aMirrorIsAwaitedUntilThePositionHoldsItsTransaction() throws SQLException {
        String uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
        FencedDatabase database = new FencedDatabase(Role.REPLICA, ONE);
        try (Connection connection = database.session()) {
            connection.setAutoCommit(false);
            List<String> both = List.of(uuid + ":6", uuid + ":7");
            assertThat(Positions.awaited(connection, "old", ONE, both))
                    .as("no position")
                    .isEqualTo(GtidSet.EMPTY);
            connection
                    .createStatement()
                    .execute("INSERT INTO cutover_position (stream, epoch, owner, gtid_set) VALUES ('old', 1, 0, '"
                            + uuid + ":1-6')");
            assertThat(Positions.awaited(connection, "old", ONE, both)).isEqualTo(GtidSet.parse(uuid + ":7"));
            assertThat(Positions.awaited(connection, "old", ONE, List.of(uuid + ":5", uuid + ":6")))
                    .isEqualTo(GtidSet.EMPTY);
            assertThat(Positions.awaited(connection, "old", TWO, both))
                    .as("another epoch")
                    .isEqualTo(GtidSet.EMPTY);
            connection.rollback();
        }
    }

    @Test
    void aPositionIsMovedByItsOwnerOnly() throws SQLException {
        FencedDatabase database = new FencedDatabase(Role.REPLICA, ONE);
        try (Connection connection = database.session()) {
            connection.setAutoCommit(false);
            Positions.initialise(connection, "old", ONE, GtidSet.EMPTY);
            Position mine = Positions.claimOwner(connection, "old", ONE);
            Position theirs = Positions.claimOwner(connection, "old", ONE);

            assertThat(theirs.owner()).isEqualTo(mine.owner() + 1);
            assertThat(Positions.update(connection, "old", ONE, mine.owner(), GtidSet.EMPTY))
                    .isFalse();
            assertThat(Positions.update(connection, "old", ONE, theirs.owner(), GtidSet.EMPTY))
                    .isTrue();
            connection.commit();
            assertThatThrownBy(() -> Positions.initialise(connection, "old", TWO, GtidSet.EMPTY))
                    .isInstanceOf(FencedOffException.class);
            connection.rollback();
        }
    }

    @Test
    void aPositionOfAnOlderEpochGivesWayToTheStartOfTheNewOne() throws SQLException {
        String uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
        FencedDatabase database = new FencedDatabase(Role.REPLICA, TWO);
        try (Connection connection = database.session()) {
            connection.setAutoCommit(false);
            connection
                    .createStatement()
                    .execute("INSERT INTO cutover_position (stream, epoch, owner, gtid_set) VALUES ('old', 1, 5, '"
                            + uuid + ":1-6')");

            Position fresh = Positions.initialise(connection, "old", TWO, GtidSet.parse(uuid + ":1-9"));
            Position again = Positions.initialise(connection, "old", TWO, GtidSet.parse(uuid + ":1-2"));

            assertThat(fresh.set()).hasToString(uuid + ":1-9");
            assertThat(fresh.epoch()).isEqualTo(TWO);
            assertThat(again.set()).hasToString(uuid + ":1-9");
            connection.rollback();
        }
    }

    private static CloseOutcome close(FencedDatabase database, Epoch epoch) {
        try (FenceCloser closer = closer(database)) {
            return closer.close(epoch);
        }
    }

    private static Optional<CloseOutcome> rehearse(FencedDatabase database) {
        try (FenceCloser closer = closer(database)) {
            return closer.rehearse();
        }
    }

    private static FenceCloser closer(FencedDatabase database) {
        return new FenceCloser(DatabaseId.OLD, Duration.ofMillis(100), "test", database::session);
    }

    private static long connectionId(Connection connection) throws SQLException {
        try (ResultSet row = connection.createStatement().executeQuery("SELECT CONNECTION_ID()")) {
            row.next();
            return row.getLong(1);
        }
    }
}
