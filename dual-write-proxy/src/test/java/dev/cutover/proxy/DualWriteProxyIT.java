package dev.cutover.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.stage.Instance;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.stage.WriteMode;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DualWriteProxyIT {
    private static final Duration BUDGET = Duration.ofSeconds(20);
    private static final long USER = 42;
    private static final long PROBE = 1_000;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Map<String, Double> before = new HashMap<>();
    private SmallMall mall;
    private DualWriteProxy proxy;

    @BeforeEach
    void opened() throws SQLException {
        mall = new SmallMall();
        proxy = open(mall.topology);
    }

    @AfterEach
    void closed() {
        proxy.close();
        mall.close();
    }

    private DualWriteProxy open(Topology topology) {
        return DualWriteProxy.open(
                topology, mall.control, ProxyOptions.of("proxy-1").withMirrorDeadline(Duration.ofSeconds(1)), meters);
    }

    @Test
    void aUnitIsDoneOnceUnderItsOperationId() throws SQLException {
        assertThat(proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7))).isEqualTo(7);
        assertThat(proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 8))).isEqualTo(7);

        assertThat(mall.rows(Side.OLD, "note")).isOne();
        assertThat(count("replayed")).isOne();
    }

    @Test
    void twinsOfOneOperationGetOneResult() throws InterruptedException, ExecutionException, SQLException {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            List<Future<Long>> twins = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                long id = i;
                twins.add(pool.submit(() -> proxy.write(USER, BUDGET, new AddNote(USER, "op-1", id))));
            }
            List<Long> results = new ArrayList<>();
            for (Future<Long> twin : twins) {
                results.add(twin.get());
            }
            assertThat(results).containsOnly(results.get(0));
        } finally {
            pool.shutdownNow();
        }
        assertThat(mall.rows(Side.OLD, "note")).isOne();
    }

    @Test
    void writersWaitThroughASwitchAndLandOnTheOtherSideEachOnce()
            throws InterruptedException, ExecutionException, TimeoutException, SQLException {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong acknowledged = new AtomicLong();
        ExecutorService pool = Executors.newFixedThreadPool(32);
        try {
            List<Future<?>> writers = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                writers.add(pool.submit(() -> {
                    while (!stop.get()) {
                        long id = mall.ids.incrementAndGet();
                        proxy.write(id, BUDGET, new AddNote(id, "op-" + id, id));
                        acknowledged.incrementAndGet();
                    }
                }));
            }
            Awaitility.await().until(() -> acknowledged.get() > 200);
            mall.close(Side.NEW);
            long oldAtClose = mall.rows(Side.OLD, "note");
            // Writers are waiting now; nothing lands anywhere.
            Awaitility.await().until(() -> count("fencedRetries") > 100);
            assertThat(mall.rows(Side.OLD, "note")).isEqualTo(oldAtClose);
            assertThat(mall.rows(Side.NEW, "note")).isZero();
            mall.open(Side.NEW);
            long before = acknowledged.get();
            Awaitility.await().until(() -> acknowledged.get() > before + 200);
            stop.set(true);
            for (Future<?> writer : writers) {
                writer.get(30, TimeUnit.SECONDS);
            }
            assertThat(mall.rows(Side.OLD, "note"))
                    .as("nothing lands on OLD after the close")
                    .isEqualTo(oldAtClose);
        } finally {
            stop.set(true);
            pool.shutdownNow();
        }
        assertThat(mall.rows(Side.OLD, "note") + mall.rows(Side.NEW, "note")).isEqualTo(acknowledged.get());
        assertThat(mall.rows(Side.NEW, "operation")).isGreaterThan(200);
        assertThat(count("fencedOut")).isZero();
        assertThat(proxy.mode()).isEqualTo(WriteMode.SINGLE_NEW);
    }

    @Test
    void aWriterWhoseBudgetRunsOutAtAClosedFenceHasWrittenNothing() throws SQLException {
        mall.close(Side.NEW);

        assertThatThrownBy(() -> proxy.write(USER, Duration.ofMillis(300), new AddNote(USER, "op-1", 7)))
                .isInstanceOfSatisfying(
                        WriteFencedException.class,
                        e -> assertThat(e.waited()).isBetween(Duration.ofMillis(300), Duration.ofMillis(1500)))
                .hasMessageContaining("closing, epoch 2");

        assertThat(mall.rows(Side.OLD, "note") + mall.rows(Side.NEW, "note")).isZero();
        assertThat(count("fencedOut")).isOne();
    }

    @Test
    void aStatementThatNobodyWaitsForIsEndedAndItsUnitHasWrittenNothing() throws SQLException {
        try (Connection holder = mall.topology.pinned(DatabaseId.OLD)) {
            holdOperation(holder, "op-1");
            assertThatThrownBy(() -> proxy.write(USER, listening(300), new AddNote(USER, "op-1", 7)))
                    .isInstanceOf(WorkFailedException.class)
                    .hasMessageContaining("waits no longer")
                    .hasMessageContaining("rolled back");
            assertThat(mall.rows(Side.OLD, "note")).isZero();
            assertThat(waiting()).as("nothing of it is left at the server").isZero();
            holder.rollback();
        }
        // Its session is whole, and so is whoever has it next.
        for (int i = 0; i < 20; i++) {
            proxy.write(USER, listening(10_000), new AddNote(USER, "op-1" + i, 7 + i));
        }
        assertThat(mall.rows(Side.OLD, "note")).isEqualTo(20);
    }

    @Test
    void whoeverListensOnIsServedWhenTheLockIsGone() throws SQLException, InterruptedException, ExecutionException {
        ExecutorService pool = Executors.newSingleThreadExecutor();
        try (Connection holder = mall.topology.pinned(DatabaseId.OLD)) {
            holdOperation(holder, "op-1");
            Future<Long> waiter = pool.submit(() -> proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7)));
            Awaitility.await().until(() -> waiting() == 1);
            holder.rollback();
            assertThat(waiter.get()).isEqualTo(7);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aReadThatNobodyWaitsForIsEndedAndItsSessionServesOthers() {
        long begun = System.nanoTime();
        assertThatThrownBy(() -> proxy.<Boolean>read(
                        USER,
                        Optional.of(Duration.ofMillis(200)),
                        view -> view.connection()
                                .createStatement()
                                .executeQuery("SELECT SLEEP(30)")
                                .next()))
                .isInstanceOf(WorkFailedException.class)
                .hasMessageContaining("waits no longer");
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
        for (int i = 0; i < 20; i++) {
            assertThat(proxy.<Side>read(USER, ReadView::side)).isEqualTo(Side.OLD);
        }
    }

    private static Patience listening(long millis) {
        return new Patience(BUDGET, Optional.of(Duration.ofMillis(millis)));
    }

    private static void holdOperation(Connection holder, String operation) throws SQLException {
        holder.setAutoCommit(false);
        try (Statement statement = holder.createStatement()) {
            statement.execute("INSERT INTO mall_operation (user_id, op_id, result) VALUES (" + USER + ", '" + operation
                    + "', 1)");
        }
    }

    private long waiting() throws SQLException {
        return mall.number(
                DatabaseId.OLD, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'");
    }

    @Test
    void aMissingFenceRowAdmitsNobody() throws SQLException {
        mall.execute(DatabaseId.OLD, "DELETE FROM cutover_fence");
        assertThatThrownBy(() -> proxy.write(USER, Duration.ofMillis(100), new AddNote(USER, "op-1", 7)))
                .isInstanceOf(WriteFencedException.class);
    }

    @Test
    void aUnitThatLosesADeadlockLeavesNothingAndIsRunAgainAlsoWhenTheWorkSwallowsTheError()
            throws InterruptedException, ExecutionException, TimeoutException, SQLException {
        AtomicInteger runs = new AtomicInteger();
        AtomicInteger refusedAfterwards = new AtomicInteger();
        try (Connection rival = mall.topology.database(DatabaseId.OLD).getConnection()) {
            rival.setAutoCommit(false);
            // The heavier transaction survives a deadlock.
            rival.createStatement().execute("UPDATE mall_counter SET n = n + 1 WHERE id BETWEEN 2 AND 60");
            CompletableFuture<Void> crossing = new CompletableFuture<>();
            long result = proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7) {
                @Override
                public Long run(Unit unit) throws SQLException {
                    Long id = super.run(unit);
                    if (runs.incrementAndGet() == 1) {
                        unit.connection().createStatement().execute("UPDATE mall_counter SET n = n + 1 WHERE id = 1");
                        CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> {
                            try {
                                rival.createStatement().execute("UPDATE mall_counter SET n = n + 1 WHERE id = 1");
                                rival.commit();
                            } catch (SQLException e) {
                                throw new IllegalStateException(e);
                            }
                        });
                        waiting.whenComplete((nothing, failure) -> {
                            if (failure == null) {
                                crossing.complete(null);
                            } else {
                                crossing.completeExceptionally(failure);
                            }
                        });
                        Awaitility.await()
                                .until(() -> mall.number(
                                                DatabaseId.OLD,
                                                "SELECT COUNT(*) FROM performance_schema.data_locks WHERE LOCK_STATUS = 'WAITING'"
                                                        + " AND OBJECT_NAME = 'mall_counter' AND OBJECT_SCHEMA = DATABASE()")
                                        > 0);
                        try {
                            unit.connection()
                                    .createStatement()
                                    .execute("UPDATE mall_counter SET n = n + 1 WHERE id = 2");
                        } catch (SQLException swallowed) {
                            assertThat(swallowed.getErrorCode()).isEqualTo(1213);
                        }
                        try {
                            unit.connection()
                                    .createStatement()
                                    .execute("INSERT INTO mall_note VALUES (99, 1, 'unfenced', 1)");
                        } catch (SQLException refused) {
                            refusedAfterwards.incrementAndGet();
                        }
                    }
                    return id;
                }
            });
            crossing.get(20, TimeUnit.SECONDS);
            assertThat(result).isEqualTo(7);
        }
        assertThat(runs).hasValue(2);
        assertThat(refusedAfterwards).hasValue(1);
        assertThat(count("killed")).isOne();
        assertThat(mall.rows(Side.OLD, "note")).isOne();
        assertThat(mall.number(DatabaseId.OLD, "SELECT n FROM mall_counter WHERE id = 1"))
                .as("the rival's only")
                .isOne();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"COMMIT", "CREATE TABLE sneaked (a INT)", "LOCK TABLES mall_note WRITE", "SET autocommit = 1"})
    void aUnitThatTriesToEndItsTransactionIsRolledBack(String sql) throws SQLException {
        assertThatThrownBy(() -> proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7) {
                    @Override
                    public Long run(Unit unit) throws SQLException {
                        long id = super.run(unit);
                        try (Statement statement = unit.connection().createStatement()) {
                            statement.execute(sql);
                        } catch (SQLException swallowed) {
                            return id;
                        }
                        return id;
                    }
                }))
                .isInstanceOf(WorkFailedException.class)
                .hasMessageContaining("refused");
        assertThat(mall.rows(Side.OLD, "note")).isZero();
        assertThat(mall.number(
                        DatabaseId.OLD,
                        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"
                                + " AND table_name = 'sneaked'"))
                .isZero();
    }

    @Test
    void whatTheWorkThrowsReachesTheCallerAndNothingIsWritten() throws SQLException {
        assertThatThrownBy(() -> proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7) {
                    @Override
                    public Long run(Unit unit) throws SQLException {
                        super.run(unit);
                        throw new IllegalArgumentException("out of stock");
                    }
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("out of stock");
        assertThat(mall.rows(Side.OLD, "operation")).isZero();
    }

    @Test
    void aConnectionKeptBeyondItsUnitIsOfNoUse() {
        Connection[] kept = new Connection[1];
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7) {
            @Override
            public Long run(Unit unit) throws SQLException {
                kept[0] = unit.connection();
                return super.run(unit);
            }
        });
        assertThatThrownBy(() -> kept[0].createStatement())
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("over");
    }

    @Test
    void aCommitThatHappenedButWasNotAnsweredIsNotDoneTwice() throws SQLException {
        try (DualWriteProxy faulty = open(new LostAnswers(mall.topology, LostAnswers.Loss.AFTER_COMMIT))) {
            assertThat(faulty.write(USER, BUDGET, new AddNote(USER, "op-1", 7))).isEqualTo(7);
        }
        assertThat(mall.rows(Side.OLD, "note")).isOne();
        assertThat(mall.rows(Side.OLD, "operation")).isOne();
    }

    @Test
    void aSessionKilledAtItsCommitIsRunAgain() throws SQLException {
        try (DualWriteProxy faulty = open(new LostAnswers(mall.topology, LostAnswers.Loss.KILLED_BEFORE_COMMIT))) {
            assertThat(faulty.write(USER, BUDGET, new AddNote(USER, "op-1", 7))).isEqualTo(7);
        }
        assertThat(mall.rows(Side.OLD, "note")).isOne();
    }

    @Test
    void aCommitStillUnderWayWhenTheUnitRunsAgainIsNotDoneTwice() throws SQLException {
        try (DualWriteProxy faulty = open(new LostAnswers(mall.topology, LostAnswers.Loss.COMMITS_LATER))) {
            assertThat(faulty.write(USER, BUDGET, new AddNote(USER, "op-1", 7))).isEqualTo(7);
        }
        assertThat(mall.rows(Side.OLD, "note")).isOne();
    }

    @Test
    void aLostAnswerThatCannotBeLearnedInTimeIsNotCalledAFailure() throws SQLException {
        try (DualWriteProxy faulty = open(new LostAnswers(mall.topology, LostAnswers.Loss.AFTER_COMMIT))) {
            assertThatThrownBy(() -> faulty.write(USER, Duration.ZERO, new AddNote(USER, "op-1", 7)))
                    .isInstanceOf(OutcomeUnknownException.class);
            assertThat(faulty.write(USER, BUDGET, new AddNote(USER, "op-1", 8))).isEqualTo(7);
        }
        assertThat(mall.rows(Side.OLD, "note")).isOne();
    }

    @Test
    void aModeChangeReachesARunningProxyAndItsReport() {
        assertThat(proxy.mode()).isEqualTo(WriteMode.SINGLE_OLD);

        mall.move(r -> r.withStage(Stage.DUAL_WRITE).withMirror(true));

        Awaitility.await().atMost(Duration.ofSeconds(2)).until(() -> proxy.mode() == WriteMode.DUAL_OLD);
        Instance seen = Awaitility.await()
                .until(
                        () -> mall.control.instances().stream().findFirst().orElseThrow(),
                        i -> i.registerVersion() == 2);
        assertThat(seen.id()).isEqualTo("proxy-1");
        assertThat(seen.mode()).isEqualTo("DUAL_OLD");
        assertThat(seen.statusJson()).contains("\"mirrorMissed\": 0");
        proxy.close();
        assertThat(mall.control.instances()).isEmpty();
    }

    @Test
    void aMirroredUnitArrivesInItsPhysicalTableAndLeavesItsOrigin() throws SQLException {
        dual();
        mall.streamsOutOf(Side.OLD, 1, "");
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7));
        Awaitility.await().until(() -> count("mirrored") == 1);

        int slot = mall.plan.layout().slot(USER);
        DatabaseId home = DatabaseId.shard(mall.plan.layout().databaseOf(slot));
        String table = mall.plan.layout().physicalTable("note", slot);
        assertThat(mall.number(home, "SELECT note_id FROM " + table + " WHERE user_id = " + USER))
                .isEqualTo(7L << 10 | slot);
        assertThat(mall.rows(Side.NEW, "operation", "user_id = " + USER)).isOne();
        assertThat(mall.number(home, "SELECT COUNT(*) FROM cutover_origin")).isPositive();

        proxy.write(USER, BUDGET, deletion(7));
        Awaitility.await().until(() -> count("mirrored") == 2);
        assertThat(noted(Side.NEW)).isZero();
    }

    @Test
    void aMirrorGivesWayToAStreamThatHasPassedItsTransaction() throws SQLException {
        dual();
        mall.streamsOutOf(Side.OLD, 1, mall.serverUuid() + ":1-100000000");
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7));
        Awaitility.await().until(() -> count("mirrorSkipped") == 1);
        assertThat(noted(Side.NEW)).isZero();
        assertThat(count("mirrorMissed")).isZero();
    }

    @Test
    void aMirrorOfAnotherEpochWritesNothing() throws SQLException {
        dual();
        mall.streamsOutOf(Side.OLD, 1, "");
        for (DatabaseId shard : mall.plan.shardDatabases()) {
            mall.execute(shard, "UPDATE cutover_fence SET epoch = 2");
        }
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7));
        Awaitility.await().until(() -> count("mirrorSkipped") == 1);
        assertThat(noted(Side.NEW)).isZero();
    }

    @Test
    void anInstanceFollowsOnlyWhenNoMirrorFromBeforeIsUnderWayAnyMore() throws SQLException, InterruptedException {
        CountDownLatch reached = new CountDownLatch(1);
        CountDownLatch mayWrite = new CountDownLatch(1);
        reopen(point -> {
            if (point == Failpoint.MIRROR_WRITTEN) {
                reached.countDown();
                Awaitility.await().until(() -> mayWrite.getCount() == 0);
            }
        });
        dual();
        mall.streamsOutOf(Side.OLD, 1, "");
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7));
        assertThat(reached.await(10, TimeUnit.SECONDS)).isTrue();

        mall.move(r -> r.withMirror(false));
        long off = mall.control.read().version();
        Awaitility.await().until(() -> proxy.register().version() == off);
        Instant seen = reported().heartbeatAt();
        Instance twoReportsOn = Awaitility.await()
                .until(this::reported, report -> report.heartbeatAt().isAfter(seen.plusMillis(600)));
        assertThat(twoReportsOn.mode()).isEqualTo("SINGLE_OLD");
        assertThat(twoReportsOn.registerVersion()).isLessThan(off);

        mayWrite.countDown();
        Awaitility.await().until(() -> reported().registerVersion() == off);
        assertThat(noted(Side.NEW))
                .as("it had ended before the instance followed")
                .isOne();
    }

    @Test
    void aUnitThatWasCommittedWhileMirrorsWentOffIsNotMirroredAnyMore() throws SQLException {
        AtomicBoolean turnedOff = new AtomicBoolean();
        reopen(point -> {
            if (point == Failpoint.UNIT_COMMITTED && turnedOff.compareAndSet(true, false)) {
                mall.move(r -> r.withMirror(false));
                Awaitility.await().until(() -> !proxy.mode().mirrors());
            }
        });
        dual();
        mall.streamsOutOf(Side.OLD, 1, "");
        turnedOff.set(true);
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7));
        Awaitility.await().until(() -> count("mirrorSkipped") == 1);
        assertThat(noted(Side.NEW)).isZero();
    }

    private void reopen(Failpoints failpoints) {
        proxy.close();
        // Its counters are those of the proxy that is closed.
        meters.clear();
        proxy = DualWriteProxy.open(
                mall.topology, mall.control, ProxyOptions.of("proxy-1").withFailpoints(failpoints), meters);
    }

    private Instance reported() {
        return mall.control.instances().stream().findFirst().orElseThrow();
    }

    @Test
    void withoutAPositionNothingIsMirrored() throws SQLException {
        dual();
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7));
        Awaitility.await().until(() -> count("mirrorSkipped") == 1);
        assertThat(noted(Side.NEW)).isZero();
    }

    @Test
    void afterTheSwitchMirrorsRunBack() throws SQLException {
        mall.switchTo(Side.NEW, () -> {});
        mall.streamsOutOf(Side.NEW, 2, "");
        mall.move(r -> r.withMirror(true));
        awaitMirroring();
        proxy.write(USER, BUDGET, new AddNote(USER, "op-2", 8));
        Awaitility.await().until(() -> count("mirrored") == 1);

        assertThat(mall.number(DatabaseId.OLD, "SELECT id FROM mall_note WHERE user_id = " + USER))
                .isEqualTo(8);
        assertThat(mall.number(DatabaseId.OLD, "SELECT result FROM mall_operation WHERE op_id = 'op-2'"))
                .isEqualTo(8);
    }

    @Test
    void aRowThatCannotBeMappedIsQuarantinedAndLeavesWhenItCan() throws SQLException {
        dual();
        mall.streamsOutOf(Side.OLD, 1, "");
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7, -1));
        Awaitility.await().until(() -> count("mirrored") == 1);
        DatabaseId home = DatabaseId.shard(
                mall.plan.layout().databaseOf(mall.plan.layout().slot(USER)));
        assertThat(noted(Side.NEW)).isZero();
        assertThat(mall.number(home, "SELECT COUNT(*) FROM cutover_quarantine WHERE reason = 'negative_size'"))
                .isOne();

        proxy.write(USER, BUDGET, change("UPDATE mall_note SET size = 5 WHERE id = 7", 7));
        Awaitility.await().until(() -> count("mirrored") == 2);
        assertThat(noted(Side.NEW)).isOne();
        assertThat(mall.number(home, "SELECT COUNT(*) FROM cutover_quarantine")).isZero();
    }

    @Test
    void aMirroredRowThatStandsAlreadyIsReplacedAndADeletedOneGoes() throws SQLException {
        dual();
        mall.streamsOutOf(Side.OLD, 1, "");
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7));
        Awaitility.await().until(() -> count("mirrored") == 1);

        proxy.write(USER, BUDGET, change("UPDATE mall_note SET size = 5 WHERE id = 7", 7));
        Awaitility.await().until(() -> count("mirrored") == 2);
        assertThat(mall.rows(Side.NEW, "note", "user_id = " + USER + " AND size = 5"))
                .isOne();

        proxy.write(USER, BUDGET, deletion(7));
        Awaitility.await().until(() -> count("mirrored") == 3);
        assertThat(noted(Side.NEW)).isZero();
    }

    @Test
    void aRowThatGoesToAnotherUserIsMirroredWhereItBelongs() throws SQLException {
        dual();
        mall.streamsOutOf(Side.OLD, 1, "");
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7));
        Awaitility.await().until(() -> count("mirrored") == 1);
        long other = USER + 1;
        while (mall.plan.layout().databaseOf(mall.plan.layout().slot(other))
                == mall.plan.layout().databaseOf(mall.plan.layout().slot(USER))) {
            other++;
        }

        proxy.write(USER, BUDGET, change("UPDATE mall_note SET user_id = " + other + " WHERE id = 7", 7));
        Awaitility.await().until(() -> count("mirrored") == 3);

        assertThat(mall.rows(Side.NEW, "note", "user_id = " + USER)).isZero();
        DatabaseId home = DatabaseId.shard(
                mall.plan.layout().databaseOf(mall.plan.layout().slot(other)));
        assertThat(mall.number(
                        home,
                        "SELECT COUNT(*) FROM "
                                + mall.plan
                                        .layout()
                                        .physicalTable(
                                                "note", mall.plan.layout().slot(other))
                                + " WHERE user_id = " + other))
                .isOne();
    }

    @Test
    void anOtherSideThatHangsNeitherSlowsNorFailsTheFirst() throws SQLException {
        dual();
        mall.streamsOutOf(Side.OLD, 1, "");
        List<Connection> hanging = new ArrayList<>();
        try {
            for (DatabaseId shard : mall.plan.shardDatabases()) {
                Connection session = mall.topology.pinned(shard);
                session.createStatement().execute("LOCK TABLES cutover_fence WRITE");
                hanging.add(session);
            }
            long begun = System.nanoTime();
            for (int i = 1; i <= 20; i++) {
                proxy.write(USER + i, BUDGET, new AddNote(USER + i, "op-" + i, i));
            }
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(3));
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> count("mirrorMissed") == 20);
        } finally {
            for (Connection session : hanging) {
                session.close();
            }
        }
        assertThat(noted(Side.OLD)).isEqualTo(20);
        assertThat(count("mirrorFailed")).isPositive();
        assertThat(count("mirrorFailed") + count("mirrorLate") + count("mirrorBreakerOpen"))
                .isEqualTo(20);
    }

    @Test
    void aReadFollowsTheRampAndFallsBackToTheTruth() throws SQLException {
        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7));
        assertThat(proxy.<Side>read(USER, ReadView::side)).isEqualTo(Side.OLD);
        mall.move(r -> r.withReadPercent(100));
        Awaitility.await().until(() -> proxy.<Side>read(USER, ReadView::side) == Side.NEW);

        // Not there yet: the business says so, and the truth knows better.
        assertThat(proxy.<Long>read(USER, view -> note(view).orElseThrow())).isEqualTo(7);
        assertThat(count("readFallback")).isOne();
        assertThatThrownBy(() -> proxy.<Integer>read(
                        USER,
                        view -> view.connection().createStatement().executeUpdate("DELETE FROM " + view.table("note"))))
                .isInstanceOf(WorkFailedException.class)
                .hasMessageContaining("write()");
        assertThat(mall.rows(Side.OLD, "note")).isOne();
    }

    @Test
    void aFreshReadFollowsTheFence() throws SQLException {
        assertThat(proxy.<Side>readFresh(USER, BUDGET, ReadView::side)).isEqualTo(Side.OLD);
        mall.switchTo(Side.NEW, () -> {});
        assertThat(proxy.<Side>readFresh(USER, BUDGET, ReadView::side)).isEqualTo(Side.NEW);
    }

    @Test
    void shadowReadsCountWhatStaysDifferentAndNameTheKey() throws SQLException {
        mall.move(r -> r.withShadowPercent(100));
        Awaitility.await().until(() -> proxy.register().shadowPercent() == 100);
        proxy.<Optional<Long>>read(5, DualWriteProxyIT::note);
        Awaitility.await().until(() -> count("shadowCompared") == 1);
        assertThat(count("shadowDiffer")).isZero();

        proxy.write(USER, BUDGET, new AddNote(USER, "op-1", 7));
        proxy.<Optional<Long>>read(USER, DualWriteProxyIT::note);

        Awaitility.await().until(() -> count("shadowDiffer") == 1);
        Awaitility.await()
                .until(() -> mall.control.instances().stream()
                        .anyMatch(i -> i.statusJson().contains("\"shadowDifferKeys\": [42]")));
    }

    private long noted(Side side) throws SQLException {
        return mall.rows(side, "note", "user_id < " + PROBE);
    }

    private void dual() {
        mall.move(r -> r.withStage(Stage.DUAL_WRITE).withMirror(true));
        awaitMirroring();
    }

    /** Until the projections are made, units are not mirrored; probes show when they are. */
    private void awaitMirroring() {
        Awaitility.await().until(() -> proxy.mode().mirrors());
        Awaitility.await().until(() -> {
            double noImages = count("mirrorNoImage");
            proxy.write(
                    PROBE,
                    BUDGET,
                    new AddNote(PROBE, "probe-" + mall.ids.incrementAndGet(), 1_000_000 + mall.ids.get()));
            return count("mirrorNoImage") == noImages;
        });
        Awaitility.await().until(() -> count("mirrorSkipped") + count("mirrored") == 1);
        for (String counted : List.of("mirrored", "mirrorSkipped", "mirrorMissed")) {
            before.put(counted, count(counted));
        }
    }

    private static UnitOfWork<Boolean> deletion(long id) {
        return change("DELETE FROM mall_note WHERE id = " + id, id);
    }

    private static UnitOfWork<Boolean> change(String sql, long id) {
        return new UnitOfWork<>() {
            @Override
            public Optional<Boolean> replay(Unit unit) {
                return Optional.empty();
            }

            @Override
            public Boolean run(Unit unit) throws SQLException {
                unit.connection().createStatement().executeUpdate(sql);
                unit.touched("note", dev.cutover.core.row.RowKey.of(id));
                return true;
            }
        };
    }

    private static Optional<Long> note(ReadView view) throws SQLException {
        try (ResultSet row = view.connection()
                .createStatement()
                .executeQuery("SELECT size + 6 FROM " + view.table("note") + " WHERE user_id = " + USER)) {
            return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
        }
    }

    private double count(String result) {
        double sum = 0;
        for (var meter : meters.getMeters()) {
            if (meter instanceof FunctionCounter counter
                    && result.equals(meter.getId().getTag("result"))) {
                sum += counter.count();
            }
        }
        return sum - before.getOrDefault(result, 0.0);
    }
}
