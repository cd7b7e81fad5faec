package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.MySqlServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** What a source may do that keys alone cannot carry over: the stream stops, and says what, where and what to do. */
final class RefusalIT {
    private static final MySqlServer OLD = MySqlServer.start("refusals");
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
        OLD.close();
    }

    @Test
    void aChangeInStatementFormatStopsTheStream() throws SQLException {
        stopsAt(
                "a change was logged in statement format",
                "SET SESSION transaction_isolation = 'REPEATABLE-READ'",
                "SET SESSION binlog_format = STATEMENT",
                "UPDATE person SET level = 9");
    }

    @Test
    void aChangeWithoutItsWholeImageStopsTheStream() throws SQLException {
        stopsAt(
                "a row was logged with other columns than its table has",
                "SET SESSION binlog_row_image = MINIMAL",
                "UPDATE person SET level = 9 WHERE id = 1");
    }

    @Test
    void aPartOfAJsonValueStopsTheStream() throws SQLException {
        stopsAt(
                "as a part of a JSON value",
                "SET SESSION binlog_row_value_options = PARTIAL_JSON",
                "UPDATE person SET doc = JSON_SET(doc, '$.a', 2) WHERE id = 1");
    }

    @Test
    void anXaTransactionStopsTheStreamAndItsRowsAreNotApplied() throws SQLException {
        stopsAt(
                "XA is not supported on migrated tables",
                "XA START 'x'",
                "INSERT INTO person (id, user_id, level) VALUES (77, 7, 7)",
                "XA END 'x'",
                "XA PREPARE 'x'",
                "XA ROLLBACK 'x'");
    }

    @Test
    void binlogsPurgedBehindThePositionStopTheStream() throws SQLException {
        try (Stand stand = stand()) {
            running(stand);
            stand.closeWorkers();
            stand.sql(DatabaseId.OLD, "INSERT INTO person (id, user_id, level) VALUES (2, 2, 2)");
            OLD.execute("FLUSH BINARY LOGS", "PURGE BINARY LOGS BEFORE DATE_ADD(NOW(), INTERVAL 1 DAY)");
            stopped(stand.worker(Failpoints.NONE), "the server has purged binlogs that were not applied: ");
        }
    }

    @Test
    void aServerThatForgotWhatWasAppliedFromItStopsTheStream() throws SQLException {
        try (Stand stand = stand()) {
            running(stand);
            stand.closeWorkers();
            OLD.execute("RESET MASTER");
            stopped(stand.worker(Failpoints.NONE), "the server does not know transactions that were applied from it: ");
        }
    }

    @Test
    void aTransactionOfAnUnknownServerStopsTheStream() throws SQLException {
        stopsAt(
                "a transaction came from the unknown server 11111111-",
                "SET GTID_NEXT = '11111111-2222-3333-4444-555555555555:1'",
                "INSERT INTO person (id, user_id, level) VALUES (5, 5, 5)",
                "SET GTID_NEXT = AUTOMATIC");
    }

    @Test
    void preflightRefusesWhatTheBinlogWouldNotTell() {
        try (Stand stand = stand()) {
            stand.sql(
                    DatabaseId.OLD,
                    "CREATE TABLE parent (id INT PRIMARY KEY)",
                    "INSERT INTO parent VALUES (1)",
                    "ALTER TABLE person ADD FOREIGN KEY (user_id) REFERENCES parent (id) ON DELETE CASCADE");
            OLD.execute(
                    "SET GLOBAL binlog_order_commits = OFF", "SET GLOBAL binlog_row_value_options = 'PARTIAL_JSON'");
            try {
                assertThat(new Preflight().run(stand.plan, stand.topology, Set.of("binlog", "foreign-keys")))
                        .filteredOn(finding -> finding.severity() == Finding.Severity.FAIL)
                        .extracting(Finding::message)
                        .anyMatch(text -> text.contains("changes rows by itself"))
                        .anyMatch(text -> text.contains("binlog_order_commits = 0"))
                        .anyMatch(text -> text.contains("binlog_row_value_options = PARTIAL_JSON"));
            } finally {
                OLD.execute("SET GLOBAL binlog_order_commits = ON", "SET GLOBAL binlog_row_value_options = ''");
            }
        }
    }

    private static void stopsAt(String sentence, String... statements) throws SQLException {
        try (Stand stand = stand()) {
            MigrationWorker worker = running(stand);
            try (Connection connection =
                            OLD.connect(stand.plan.endpoint(DatabaseId.OLD).schema());
                    Statement statement = connection.createStatement()) {
                for (String sql : statements) {
                    statement.execute(sql);
                }
            }
            stopped(worker, sentence);
            assertThat(stand.one(DatabaseId.shard(0), "SELECT COUNT(*) FROM person_000 WHERE user_id > 1"))
                    .as("nothing doubtful was applied")
                    .isEqualTo("0");
        }
    }

    private static MigrationWorker running(Stand stand) {
        MigrationWorker worker = stand.worker(Failpoints.NONE);
        stand.sql(DatabaseId.OLD, "INSERT INTO person (id, user_id, level, doc) VALUES (1, 1, 1, '{\"a\": 1}')");
        stand.drain();
        return worker;
    }

    private static void stopped(MigrationWorker worker, String sentence) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(worker.statusJson())
                        .contains("\"state\":\"stopped\"")
                        .contains(sentence));
        assertThat(worker.statusJson()).containsAnyOf("copy", "XA", "adopt", "bring");
    }

    private static Stand stand() {
        return Stand.create(OLD, MySqlServer.shared(), 1, 1, TABLES, stand -> {
            stand.sql(
                    DatabaseId.OLD,
                    "CREATE TABLE person (id INT NOT NULL PRIMARY KEY, user_id INT NULL, level INT NOT NULL, doc JSON NULL)");
            stand.sql(
                    DatabaseId.shard(0),
                    "CREATE TABLE person_000 (id BIGINT NOT NULL PRIMARY KEY, user_id INT NOT NULL, level INT NOT NULL)");
        });
    }
}
