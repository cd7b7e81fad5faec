package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.OwnGtid;
import dev.cutover.core.fence.OwnMark;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.stage.StrayWrite;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.sandbox.MySqlServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** OLD and NEW on servers of their own, as in earnest: the one that holds the truth is not read. */
final class StrayWatchIT {
    private static final Epoch SECOND = new Epoch(2);
    private static final DatabaseId SHARD = DatabaseId.shard(0);
    private static final MySqlServer NEW = MySqlServer.start("stray-new");

    private static final String TABLES = """
            tables:
              - name: person
                kind: dynamic
                from: {table: person, key: [id]}
                shardBy: user_id
                key: {id: "({id} << 10) | {shard}"}
                columns: {user_id: s.user_id, level: s.level}
                backKey: {id: "{id} >> 10"}
                back: {user_id: n.user_id, level: n.level}
            """;

    @AfterAll
    static void close() {
        NEW.close();
    }

    @Test
    void aWriteOnTheLosingSideIsReportedAndWhatCutoverWritesThereIsNot() throws SQLException {
        try (Stand stand = stand()) {
            stand.sql(DatabaseId.OLD, "INSERT INTO person VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3)");
            stand.restart();
            stand.worker(Failpoints.NONE);
            stand.copyAll();
            stand.sql(DatabaseId.OLD, "INSERT INTO person VALUES (4, 4, 4)", "DELETE FROM person WHERE id = 1");
            stand.drain();
            mirror(stand, "INSERT INTO person_000 VALUES (9000, 9, 9)");
            stand.sql(SHARD, "TRUNCATE TABLE person_001 " + OwnMark.COMMENT, "CREATE TABLE other (id INT PRIMARY KEY)");
            stand.sql(SHARD, "INSERT INTO other VALUES (1)", "DROP TABLE other");
            watched(stand);
            assertThat(ledger(stand).all()).isEmpty();

            String gtid = stray(stand, SHARD, "INSERT INTO person_000 VALUES (7000, 7, 7), (7001, 7, 7)");
            StrayWrite found = single(stand);
            assertThat(found.gtid()).isEqualTo(gtid);
            assertThat(found.describe())
                    .isEqualTo("INSERT on person_000 in shard-0 (127.0.0.1:" + NEW.port() + "), transaction " + gtid);
            assertThat(ledger(stand).acknowledge(List.of(found.number()), found.number(), "a person", "undone"))
                    .isOne();
            assertThat(ledger(stand).open()).isEmpty();

            stray(stand, SHARD, "UPDATE person_000 SET level = 5 WHERE id = 7000");
            stray(stand, SHARD, "DELETE FROM person_000 WHERE id >= 7000 AND id < 9000");
            stray(stand, SHARD, "TRUNCATE TABLE person_001");
            stray(
                    stand,
                    SHARD,
                    "SET SESSION binlog_format = STATEMENT",
                    "SET SESSION transaction_isolation = 'REPEATABLE-READ'",
                    "UPDATE person_001 SET level = 5");
            watched(stand);
            assertThat(ledger(stand).open())
                    .extracting(stray -> stray.kind() + " " + stray.table())
                    .containsExactly(
                            "UPDATE person_000", "DELETE person_000", "DDL person_001", "STATEMENT person_001");
        }
    }

    @Test
    void aWorkerThatWasDownAndAConnectionThatBrokeSkipNothing() throws SQLException {
        try (Stand stand = stand()) {
            stand.worker(Failpoints.NONE);
            watched(stand);
            stand.closeWorkers();
            String down = stray(stand, SHARD, "INSERT INTO person_000 VALUES (1, 1, 1)");
            NEW.execute("FLUSH BINARY LOGS");
            stand.worker(Failpoints.NONE);
            assertThat(single(stand).gtid()).isEqualTo(down);
            watched(stand);
            String dump = "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%' LIMIT 1";
            stand.sql(SHARD, "KILL " + stand.one(SHARD, dump));
            String cut = stray(stand, SHARD, "INSERT INTO person_001 VALUES (2, 2, 2)");
            watched(stand);
            assertThat(ledger(stand).all()).extracting(StrayWrite::gtid).containsExactly(down, cut);
        }
    }

    @Test
    void aStretchThatWasPurgedUnseenIsReportedAsUnwatched() throws SQLException {
        try (Stand stand = stand()) {
            stand.worker(Failpoints.NONE);
            watched(stand);
            stand.closeWorkers();
            String unseen = stray(stand, SHARD, "INSERT INTO person_000 VALUES (1, 1, 1)");
            NEW.execute("FLUSH BINARY LOGS");
            NEW.execute("PURGE BINARY LOGS BEFORE DATE_ADD(NOW(), INTERVAL 1 DAY)");
            stand.worker(Failpoints.NONE);
            StrayWrite gap = single(stand);
            assertThat(gap.kind()).isEqualTo(StrayWrite.Kind.UNWATCHED);
            assertThat(GtidSet.parse(gap.gtid()).containsGtid(unseen)).isTrue();
            assertThat(gap.describe()).contains("purged before they were looked at");
            watched(stand);
            assertThat(ledger(stand).all()).hasSize(1);
        }
    }

    @Test
    void aServerThatForgotItsTransactionsIsReportedAsUnwatched() throws SQLException {
        try (Stand stand = stand()) {
            stand.worker(Failpoints.NONE);
            watched(stand);
            stand.closeWorkers();
            NEW.execute("RESET MASTER");
            stand.worker(Failpoints.NONE);
            assertThat(single(stand).describe()).contains("does not know transactions any more");
            watched(stand);
        }
    }

    @Test
    void atASwitchTheFenceInTheBinlogTellsWhoseWriteItWas() throws SQLException {
        try (Stand stand = stand()) {
            stand.worker(Failpoints.NONE);
            watched(stand);
            // The last write before the close and the first after the open, a moment apart from those that bypass.
            stand.sql(DatabaseId.OLD, "INSERT INTO person VALUES (1, 1, 1)");
            stand.sql(DatabaseId.OLD, "UPDATE cutover_fence SET role = 'closing', epoch = 2");
            String behindTheClose = stray(stand, DatabaseId.OLD, "INSERT INTO person VALUES (2, 2, 2)");
            String beforeTheOpen = stray(stand, SHARD, "INSERT INTO person_000 VALUES (3000, 3, 3)");
            for (DatabaseId database : stand.plan.newDatabases()) {
                try (Connection connection = stand.connect(database)) {
                    assertThat(Fence.recordStart(connection, SECOND)).isTrue();
                    assertThat(Fence.open(connection, SECOND, "test")).isOne();
                }
            }
            stand.sql(SHARD, "INSERT INTO person_000 VALUES (4000, 4, 4)");
            stand.sql(DatabaseId.OLD, "UPDATE cutover_fence SET role = 'replica'");
            stand.move(stand.control.read(), Stage.SWITCHED, Side.NEW, SECOND, Register.Phase.STABLE);
            stand.sql(SHARD, "INSERT INTO person_001 VALUES (5000, 5, 5)");
            String behindTheSwitch = stray(stand, DatabaseId.OLD, "INSERT INTO person VALUES (6, 6, 6)");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(ledger(stand).all())
                            .extracting(StrayWrite::gtid)
                            .containsExactlyInAnyOrder(behindTheClose, beforeTheOpen, behindTheSwitch));
        }
    }

    private static void mirror(Stand stand, String sql) throws SQLException {
        try (Connection connection = stand.connect(SHARD);
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(sql);
            statement.execute("INSERT INTO cutover_origin (slot, gtid) VALUES (1, 'x:1')");
            connection.commit();
        }
    }

    /** Goes round the proxy; gives the transaction of the last statement. */
    private static String stray(Stand stand, DatabaseId database, String... statements) throws SQLException {
        try (Connection connection = stand.connect(database);
                OwnGtid own = OwnGtid.enable(connection);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                own.forget();
                statement.execute(sql);
            }
            return own.last().orElseThrow();
        }
    }

    /** Waits until the watch has looked at everything that was committed on NEW so far. */
    private static void watched(Stand stand) {
        stand.sql(SHARD, "REPLACE INTO cutover_marker VALUES ('test', 0, '" + UUID.randomUUID() + "', NOW(3))");
        GtidSet executed = GtidSet.parse(stand.one(SHARD, "SELECT @@GLOBAL.gtid_executed"));
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> ledger(stand)
                        .position("127.0.0.1:" + NEW.port())
                        .filter(position -> position.looked().contains(executed))
                        .isPresent());
    }

    private static StrayWrite single(Stand stand) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> !ledger(stand).open().isEmpty());
        assertThat(ledger(stand).open()).hasSize(1);
        return ledger(stand).open().get(0);
    }

    private static StrayLedger ledger(Stand stand) {
        return new StrayLedger(stand.topology.control());
    }

    private static Stand stand() {
        return Stand.create(MySqlServer.shared(), NEW, 1, 2, TABLES, stand -> {
            stand.sql(
                    DatabaseId.OLD,
                    "CREATE TABLE person (id INT NOT NULL PRIMARY KEY, user_id INT NULL, level INT NOT NULL)");
            for (int table = 0; table < 2; table++) {
                stand.sql(
                        SHARD,
                        "CREATE TABLE person_00" + table
                                + " (id BIGINT NOT NULL PRIMARY KEY, user_id INT NOT NULL, level INT NOT NULL)");
            }
        });
    }
}
