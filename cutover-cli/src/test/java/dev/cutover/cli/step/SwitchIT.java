package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.cli.command.TypedCommand;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.shop.Shop;
import dev.cutover.cli.shop.Writers;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.OwnMark;
import dev.cutover.core.fence.Role;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SwitchIT {
    private static final long LEGACY_OF_ITEM_1 = 100;
    private static final long TOTAL = 100_000_000;

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private Shop shop;
    private Writers writers;

    /** Dies at one point, as a process does: nothing after it is done, nothing is undone. */
    private static final class Death extends Error {
        private static final long serialVersionUID = 1L;
    }

    @BeforeAll
    void walkToVerified() throws SQLException {
        shop = Shop.create(folder, "rolling");
        new Installation(context(), false).run();
        writers = shop.startWriters(4);
        shop.startWorker();
        run(new FreezeStep());
        Awaitility.await().until(() -> !Instances.proxies(shop.control()).isEmpty());
        run(new SingleWriteStep());
        run(new CopyStaticStep());
        run(new DualWriteStep());
        run(new CopyDynamicStep(false, false));
        Outcome verified = run(new VerifyStep(Set.of()));
        assertThat(verified.register().stage()).isEqualTo(Stage.VERIFIED);
    }

    @AfterAll
    void close() {
        shop.close();
        threads.shutdownNow();
    }

    private StepContext context() {
        return context(Duration.ofMinutes(2));
    }

    private StepContext context(Duration timeout) {
        return context(timeout, Failpoints.NONE);
    }

    private StepContext context(Duration timeout, Failpoints failpoints) {
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

    private Outcome run(StageStep step) {
        try {
            return step.run(context(), shop.control().read());
        } catch (CommandFailedException e) {
            throw new AssertionError(e.getMessage() + " " + e.details(), e);
        }
    }

    private SwitchStep switchStep() {
        return new SwitchStep(SwitchLimits.of(shop.plan().switchPlan()));
    }

    private void toOld() {
        Register register = shop.control().read();
        if (register.truth() == Side.NEW) {
            streamsRun();
            switchStep().undo(context(), register);
        }
    }

    private void streamsRun() {
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> WorkerView.read(shop.control())
                        .filter(worker -> worker.lagSeconds() != null)
                        .isPresent());
    }

    private void writersGoOn() {
        int before = writers.count();
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() ->
                        writers.count() > before + 20 || !writers.failures().isEmpty());
        assertThat(writers.failures()).isEmpty();
    }

    @Test
    void aSwitchARollbackAndASwitchLoseNoAcknowledgedWriteAndNoPieceOfStock() throws SQLException {
        toOld();
        writersGoOn();
        streamsRun();
        Outcome there = run(switchStep());
        assertThat(there.register().truth()).isEqualTo(Side.NEW);
        assertThat(there.register().stage()).isEqualTo(Stage.SWITCHED);
        writersGoOn();
        streamsRun();
        openALotOfStock();
        Outcome back = switchStep().undo(context(), there.register());
        assertThat(back.register().truth()).isEqualTo(Side.OLD);
        assertThat(back.register().stage()).isEqualTo(Stage.VERIFIED);
        stockAddsUpOnOld();
        writersGoOn();
        streamsRun();
        Outcome again = run(switchStep());
        assertThat(again.register().truth()).isEqualTo(Side.NEW);
        writersGoOn();
        everythingAcknowledgedIsThere();
        stockAddsUpOnNew();
        assertThat(shop.number(DatabaseId.shard(0), "SELECT COUNT(*) FROM stock_lot"))
                .as("new slices are cut without the lots of the old ones")
                .isZero();
        toOld();
        assertThat(StrayGate.of(context(), Side.NEW).finding())
                .as("no write of a service, applier, mirror or hand-over is taken for a stray one, on either way")
                .isEqualTo("none on the side that is not the truth");
    }

    @Test
    void aPreparedXaTransactionClosesTheSwitch() throws SQLException {
        toOld();
        streamsRun();
        shop.execute(DatabaseId.OLD, "CREATE TABLE IF NOT EXISTS beside (id INT PRIMARY KEY)");
        try (Connection connection = shop.topology().pinned(DatabaseId.OLD);
                Statement statement = connection.createStatement()) {
            statement.execute("XA START 'left behind'");
            statement.execute("INSERT INTO beside VALUES (1)");
            statement.execute("XA END 'left behind'");
            statement.execute("XA PREPARE 'left behind'");
            try {
                TypedCommand refused = TypedCommand.run(folder, "switch", "--dry-run");
                assertThat(refused.exitCode()).as(refused.err()).isEqualTo(4);
                assertThat(refused.err()).contains("no XA: old: a prepared XA transaction");
            } finally {
                statement.execute("XA ROLLBACK 'left behind'");
                XaGate.note(context());
            }
        }
    }

    @Test
    void aLongTransactionClosesTheSwitchOnlyWhereItTouchesWhatIsBeingLeft() throws SQLException {
        toOld();
        streamsRun();
        run(new VerifyStep(Set.of()));
        shop.execute(DatabaseId.OLD, "CREATE TABLE IF NOT EXISTS beside (id INT PRIMARY KEY)");
        // On this server the new side is elsewhere too.
        shop.execute(DatabaseId.shard(0), "CREATE TABLE IF NOT EXISTS beside (id INT PRIMARY KEY)");
        for (DatabaseId database : List.of(DatabaseId.shard(0), DatabaseId.OLD)) {
            try (Connection connection = shop.topology().pinned(database)) {
                connection.setAutoCommit(false);
                connection.createStatement().execute("INSERT INTO beside VALUES (17)");
                Awaitility.await()
                        .until(() -> shop.number(
                                        DatabaseId.OLD,
                                        "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_rows_modified > 0"
                                                + " AND trx_started < NOW() - INTERVAL 3 SECOND")
                                > 0);
                TypedCommand asked = TypedCommand.run(folder, "switch", "--dry-run", "--write-pause=900ms");
                String all = asked.out() + asked.err();
                if (database.equals(DatabaseId.OLD)) {
                    assertThat(asked.exitCode()).as(all).isEqualTo(4);
                    assertThat(all).contains("no long transaction: old: connection");
                } else {
                    assertThat(all).doesNotContain("no long transaction: old");
                }
                connection.rollback();
            }
        }
    }

    @Test
    void aStrayWriteClosesTheSwitchUntilSomebodyHasLookedAtIt() throws SQLException {
        toOld();
        streamsRun();
        run(new VerifyStep(Set.of()));
        shop.execute(DatabaseId.shard(1), "INSERT INTO note_001 VALUES (1, 1, 1, 'by hand')");
        TypedCommand refused = TypedCommand.run(folder, "switch", "--confirm=shop", "--reason=night");
        assertThat(refused.exitCode()).as(refused.err()).isEqualTo(4);
        assertThat(refused.err())
                .contains("no stray writes: 1 stray write: INSERT on note_001 in shard-1 (127.0.0.1:")
                .contains("transaction ")
                .contains("verified: the proof of shard-1 is void: 1 stray write was seen since the pass began")
                .contains("cutover strays ack --all --reason=");
        assertThat(TypedCommand.run(folder, "status").out())
                .contains("stray writes 1 open")
                .contains("1 stray write, which close the switch");
        TypedCommand listed = TypedCommand.run(folder, "strays", "-o", "json");
        assertThat(listed.out()).contains("\"open\":1", "\"table\":\"note_001\"", "\"kind\":\"INSERT\"");

        TypedCommand unknown = TypedCommand.run(folder, "strays", "ack", "999999", "--reason=undone");
        assertThat(unknown.exitCode()).as(unknown.err()).isEqualTo(4);
        assertThat(TypedCommand.run(folder, "strays", "ack", "--reason=undone").exitCode())
                .isEqualTo(2);
        try (Connection connection = shop.topology().units(DatabaseId.shard(1)).getConnection()) {
            connection.createStatement().execute("DELETE FROM note_001 WHERE note_id = 1");
            OwnMark.put(connection, "repair");
            connection.commit();
        }
        TypedCommand acknowledged = TypedCommand.run(folder, "strays", "ack", "--all", "--reason=undone");
        assertThat(acknowledged.exitCode()).as(acknowledged.err()).isZero();
        assertThat(TypedCommand.run(folder, "events").out()).contains("strays-ack  1 stray write acknowledged");
        assertThat(StrayGate.of(context(), Side.NEW).met()).isTrue();
        assertThat(TypedCommand.run(folder, "strays").out()).contains("No stray writes are open.");
        assertThat(TypedCommand.run(folder, "strays", "--all").out()).contains("undone");
    }

    @Test
    void aStrayWriteOnOldAfterTheSwitchClosesTheWayBackUntilSomebodyHasLookedAtIt() throws SQLException {
        toOld();
        streamsRun();
        run(switchStep());
        streamsRun();
        shop.execute(DatabaseId.OLD, "UPDATE shop_note SET body = 'by hand' WHERE id = 3");
        TypedCommand refused = TypedCommand.run(folder, "rollback", "--yes", "--reason=night");
        assertThat(refused.exitCode()).as(refused.err()).isEqualTo(4);
        assertThat(refused.err()).contains("UPDATE on shop_note in old (127.0.0.1:");
        TypedCommand acknowledged = TypedCommand.run(folder, "strays", "ack", "--all", "--reason=known");
        assertThat(acknowledged.exitCode()).as(acknowledged.err()).isZero();
        try (Connection connection = shop.topology().units(DatabaseId.OLD).getConnection()) {
            connection.createStatement().execute("UPDATE shop_note SET body = 'legacy 3' WHERE id = 3");
            OwnMark.put(connection, "repair");
            connection.commit();
        }
        TypedCommand back = TypedCommand.run(folder, "rollback", "--yes", "--reason=night");
        assertThat(back.exitCode()).as(back.err()).isZero();
        writersGoOn();
    }

    private void everythingAcknowledgedIsThere() throws SQLException {
        Map<Long, Long> acknowledged = writers.acknowledged();
        String ids = String.join(
                ",", acknowledged.keySet().stream().map(String::valueOf).toList());
        assertThat(shop.overTables("note", "COUNT(DISTINCT note_id)", "note_id >> 10 IN (" + ids + ")"))
                .isEqualTo(acknowledged.size());
    }

    /** Forty pieces that a counter outside was given, of which three are issued; thirty-seven are still stock. */
    private void openALotOfStock() throws SQLException {
        try (Connection connection = shop.topology().units(DatabaseId.shard(0)).getConnection();
                Statement statement = connection.createStatement()) {
            assertThat(statement.executeUpdate(
                            "UPDATE stock_slice SET remaining = remaining - 37 WHERE template_id = 1 AND remaining >= 37"
                                    + " ORDER BY slice_no LIMIT 1"))
                    .isEqualTo(1);
            statement.execute("INSERT INTO stock_lot VALUES (7, 1, 40)");
            statement.execute("INSERT INTO stock_piece VALUES (7, 0), (7, 1), (7, 9)");
            connection.commit();
        }
    }

    // As above: the counter and the rows are read while writers go on.
    private void stockAddsUpOnOld() throws SQLException {
        long issuedBefore = shop.number(DatabaseId.OLD, "SELECT COUNT(*) FROM shop_note WHERE item_id = 1");
        long remaining = shop.number(DatabaseId.OLD, "SELECT stock FROM shop_item WHERE id = 1");
        long issuedAfter = shop.number(DatabaseId.OLD, "SELECT COUNT(*) FROM shop_note WHERE item_id = 1");
        assertThat(remaining).isBetween(TOTAL - issuedAfter, TOTAL - issuedBefore);
    }

    // Writers go on meanwhile: what they took between the two readings may be missing, never added.
    private void stockAddsUpOnNew() throws SQLException {
        long issuedBefore = shop.overTables("note", "COUNT(*)", "item_id = 1");
        long remaining = 0;
        for (DatabaseId shard : shop.plan().shardDatabases()) {
            remaining += shop.number(shard, "SELECT COALESCE(SUM(remaining), 0) FROM stock_slice");
        }
        long issuedAfter = shop.overTables("note", "COUNT(*)", "item_id = 1");
        assertThat(issuedBefore).isGreaterThan(LEGACY_OF_ITEM_1);
        assertThat(remaining).isBetween(TOTAL - issuedAfter - 8, TOTAL - issuedBefore + 8);
    }

    @Test
    void aTransactionThatHoldsTheFenceIsNamedBeforeAnythingIsClaimedAndHoldsNobodyUp() throws SQLException {
        toOld();
        streamsRun();
        Register before = shop.control().read();
        SwitchStep impatient = new SwitchStep(new SwitchLimits(
                Duration.ofSeconds(30),
                Duration.ofMillis(400),
                Duration.ofMillis(100),
                Duration.ofMillis(500),
                null,
                false));
        try (Connection blocker = shop.topology().pinned(DatabaseId.OLD)) {
            blocker.setAutoCommit(false);
            Fence.readShared(blocker);
            assertThatThrownBy(() -> impatient.run(context(Duration.ofMillis(500)), before))
                    .isInstanceOfSatisfying(CommandFailedException.class, aborted -> {
                        assertThat(aborted.problem()).isEqualTo(Problem.SWITCH_ABORTED);
                        assertThat(aborted.problem().exit().number()).isEqualTo(7);
                        assertThat(aborted.details()).anyMatch(line -> line.contains("connection"));
                    });
            assertThat(shop.control().read()).isEqualTo(before);
            writersGoOn();
            blocker.rollback();
        }
    }

    @Test
    void aSwitchWithoutItsConfirmationIsRefusedAndMovesNothing() {
        toOld();
        streamsRun();
        run(new VerifyStep(Set.of()));
        Register before = shop.control().read();
        for (String flags : List.of("--yes", "--confirm=shop", "--confirm=shopp --reason=night")) {
            TypedCommand refused = TypedCommand.run(folder, ("switch " + flags).split(" ", -1));
            assertThat(refused.exitCode()).as(flags + "\n" + refused.err()).isEqualTo(5);
            assertThat(refused.err()).contains("fix   cutover switch --confirm=shop --reason=");
            assertThat(shop.control().read()).as(flags).isEqualTo(before);
        }
    }

    @Test
    void aSwitchThatWouldHoldWritersUpForLongerThanItMayIsRefusedWithAForecast() {
        toOld();
        streamsRun();
        run(new VerifyStep(Set.of()));
        Register before = shop.control().read();
        TypedCommand refused =
                TypedCommand.run(folder, "switch", "--confirm=shop", "--reason=test", "--write-pause=1ms");
        assertThat(refused.exitCode()).as(refused.err()).isEqualTo(4);
        assertThat(refused.err()).contains("predicted pause: about ").contains("limit 1 ms");
        assertThat(shop.control().read()).isEqualTo(before);
        TypedCommand dry = TypedCommand.run(folder, "switch", "--dry-run");
        assertThat(dry.exitCode()).as(dry.err()).isZero();
        assertThat(dry.out()).contains("predicted pause: about ").contains("limit 8000 ms");
        assertThat(shop.control().read()).isEqualTo(before);
    }

    @Test
    void aSwitchWithoutAMomentToSpareIsAbortedAndTheOldSideOpensAgain() {
        toOld();
        streamsRun();
        Register before = shop.control().read();
        SwitchStep hurried = new SwitchStep(new SwitchLimits(
                Duration.ofSeconds(30),
                Duration.ofMillis(1),
                Duration.ofMillis(100),
                Duration.ofSeconds(1),
                null,
                false));
        assertThatThrownBy(() -> hurried.run(context(Duration.ofMillis(500)), before))
                .isInstanceOfSatisfying(CommandFailedException.class, aborted -> {
                    assertThat(aborted.problem()).isEqualTo(Problem.SWITCH_ABORTED);
                    assertThat(aborted.problem().exit().number()).isEqualTo(7);
                });
        Register after = shop.control().read();
        assertThat(after.truth()).isEqualTo(Side.OLD);
        assertThat(after.phase()).isEqualTo(Register.Phase.STABLE);
        assertThat(after.stage()).isEqualTo(before.stage());
        assertThat(after.epoch()).isGreaterThan(before.epoch());
        writersGoOn();
    }

    @Test
    void afterAnAbortEverythingCanBeCopiedAgainFromTheStartThatIsThere() throws SQLException {
        aSwitchWithoutAMomentToSpareIsAbortedAndTheOldSideOpensAgain();
        long starts = shop.number(DatabaseId.OLD, "SELECT COUNT(*) FROM cutover_start");
        undo(new VerifyStep(Set.of()));
        undo(new CopyDynamicStep(false, false));
        undo(new DualWriteStep());
        assertThat(shop.overTables("note", "COUNT(*)", "TRUE"))
                .as("mirrors that were under way had ended before the tables were emptied")
                .isZero();
        writersGoOn();
        run(new DualWriteStep());
        run(new CopyDynamicStep(false, false));
        Outcome verified = run(new VerifyStep(Set.of()));
        assertThat(verified.register().stage()).isEqualTo(Stage.VERIFIED);
        assertThat(shop.number(DatabaseId.OLD, "SELECT COUNT(*) FROM cutover_start"))
                .as("a start from now would pass over what the stream of the older one still owes")
                .isEqualTo(starts);
        writersGoOn();
    }

    private void undo(StageStep step) {
        step.undo(context(), shop.control().read());
    }

    @ParameterizedTest
    @EnumSource(
            value = SwitchPoint.class,
            names = {"PREPARED", "SETTLED"},
            mode = EnumSource.Mode.EXCLUDE)
    void aSwitchWhoseCoordinatorDiedIsSettledByAnotherProcess(SwitchPoint point) throws SQLException {
        toOld();
        streamsRun();
        Register before = shop.control().read();
        Failpoints deadly = reached -> {
            if (reached == point.failpoint()) {
                throw new Death();
            }
        };
        assertThatThrownBy(() -> switchStep().run(context(Duration.ofMinutes(2), deadly), before))
                .isInstanceOf(Death.class);
        Register left = shop.control().read();
        assertThat(left.phase()).isEqualTo(Register.Phase.SWITCHING);
        SwitchSettlement settlement = new SwitchSettlement(context());
        Register settled = settlement.settle("its coordinator died at " + point);
        boolean decided = point.compareTo(SwitchPoint.DECIDED) >= 0;
        assertThat(settled.phase()).isEqualTo(Register.Phase.STABLE);
        assertThat(settled.truth()).isEqualTo(decided ? Side.NEW : Side.OLD);
        assertThat(settled.epoch()).isEqualTo(before.epoch().next());
        for (DatabaseId database : shop.plan().databases()) {
            try (Connection connection = shop.topology().database(database).getConnection()) {
                Role expected = database.side() == settled.truth() ? Role.PRIMARY : Role.REPLICA;
                assertThat(Fence.read(connection).admits(expected, settled.epoch()))
                        .as(database + " is " + expected)
                        .isTrue();
            }
        }
        assertThat(settlement.settle("again")).isEqualTo(settled);
        writersGoOn();
    }
}
