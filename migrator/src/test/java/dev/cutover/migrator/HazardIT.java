package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.MySqlServer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** One table with everything that goes wrong: a unique value, a narrower column, a rule that rejects, a shard key that moves. */
final class HazardIT {
    private static final String TABLES = """
            tables:
              - name: person
                kind: dynamic
                from: {table: person, key: [id]}
                shardBy: user_id
                key: {id: "({id} << 10) | {shard}"}
                reject: [{when: "s.level < 0", reason: negative_level}]
                columns: {user_id: s.user_id, phone: s.phone, level: s.level}
                backKey: {id: "{id} >> 10"}
                back: {user_id: n.user_id, phone: n.phone, level: n.level}
            """;

    @Test
    void aChangedShardKeyMovesTheRowAndADeletedRowIsGone() {
        try (Stand stand = stand()) {
            stand.worker(Failpoints.NONE);
            stand.sql(DatabaseId.OLD, "INSERT INTO person VALUES (1, 1, 'a', 1), (2, 2, 'b', 1)");
            settled(stand);
            assertThat(stand.actual()).isNotEmpty();
            for (int user = 3; user < 30; user++) {
                stand.sql(DatabaseId.OLD, "UPDATE person SET user_id = " + user + " WHERE id = 1");
            }
            settled(stand);
            stand.sql(DatabaseId.OLD, "DELETE FROM person");
            settled(stand);
            assertThat(stand.actual()).isEmpty();
        }
    }

    @Test
    void aRowThatCannotBeMappedIsQuarantinedAndComesBackWhenItCan() {
        try (Stand stand = stand()) {
            stand.worker(Failpoints.NONE);
            stand.sql(DatabaseId.OLD, "INSERT INTO person VALUES (1, 1, 'a', 1), (2, NULL, 'b', 1), (3, 1, 'c', 7000)");
            settled(stand, "s.id = 1");
            assertThat(quarantine(stand)).isEqualTo("2 null_shard_key; 3 data_error_1264; ");
            stand.sql(
                    DatabaseId.OLD,
                    "UPDATE person SET level = -1 WHERE id = 1",
                    "UPDATE person SET user_id = 5 WHERE id = 2",
                    "UPDATE person SET level = 7 WHERE id = 3");
            settled(stand, "s.id <> 1");
            assertThat(quarantine(stand)).isEqualTo("1 negative_level; ");
            stand.sql(DatabaseId.OLD, "DELETE FROM person WHERE id = 1");
            settled(stand);
            assertThat(quarantine(stand)).isEmpty();
        }
    }

    @Test
    void aUniqueValueThatANewerRowHasTakenBringsItsFormerHolderIntoTheBatch() {
        try (Stand stand = stand()) {
            // Both in one physical table, so that the unique key is one.
            stand.sql(DatabaseId.OLD, "INSERT INTO person VALUES (1, 1, 'a', 1), (2, 1, 'b', 1)");
            AtomicInteger batches = new AtomicInteger();
            AtomicBoolean armed = new AtomicBoolean();
            stand.worker(point -> {
                if (point == Failpoint.APPLY_DIRTY && armed.compareAndSet(true, false)) {
                    stand.sql(
                            DatabaseId.OLD,
                            "UPDATE person SET phone = 'z' WHERE id = 2",
                            "UPDATE person SET phone = 'b' WHERE id = 1");
                }
                if (point == Failpoint.APPLY_FETCHED) {
                    batches.incrementAndGet();
                }
            });
            settled(stand);
            batches.set(0);
            armed.set(true);
            stand.sql(DatabaseId.OLD, "UPDATE person SET level = 9 WHERE id = 1");
            settled(stand);
            assertThat(quarantine(stand)).isEmpty();
            assertThat(batches.get()).isGreaterThanOrEqualTo(2);
        }
    }

    /** The signs of numbers are listed beside a description of a table, and servers differ in whether a YEAR is one. */
    @Test
    void aTableOfEightNumbersAndAYearThatNobodyMigratesDoesNotEndTheStream() {
        try (Stand stand = stand()) {
            MigrationWorker worker = stand.worker(Failpoints.NONE);
            stand.sql(
                    DatabaseId.OLD,
                    "CREATE TABLE census (a INT, b INT, c INT, d INT, e INT, f INT, g INT, h INT, y YEAR)",
                    "INSERT INTO census VALUES (1, 2, 3, 4, 5, 6, 7, 8, 2001)",
                    "INSERT INTO person VALUES (1, 1, 'a', 1)",
                    "INSERT INTO census VALUES (1, 2, 3, 4, 5, 6, 7, 8, 2001)");
            settled(stand);
            assertThat(stand.actual()).isNotEmpty();
            assertThat(worker.statusJson()).doesNotContain("broke");
        }
    }

    @Test
    void aDefinitionChangeStopsTheStreamWithASentenceUntilItIsAccepted() {
        try (Stand stand = stand()) {
            MigrationWorker worker = stand.worker(Failpoints.NONE);
            settled(stand);
            stand.sql(DatabaseId.OLD, "ALTER TABLE person ADD COLUMN extra INT");
            stand.sql(DatabaseId.OLD, "INSERT INTO person (id, user_id, level) VALUES (9, 9, 9)");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> worker.statusJson().contains("\"state\":\"stopped\""));
            assertThat(worker.statusJson())
                    .contains("the definition of a migrated table changed: ALTER TABLE person ADD COLUMN extra INT")
                    .contains("accept_ddl");
            assertThat(stand.actual()).isEmpty();
            String gtid = worker.statusJson().replaceFirst("(?s).*'accept_ddl' = '([^']+)'.*", "$1");
            stand.control.setSetting("accept_ddl", gtid);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(stand.actual()).isEqualTo(stand.projected()));
        }
    }

    @Test
    void aRowDeletedWhileItsChunkIsInHandIsNotResurrected() {
        assertThat(deleteInsideTheWindow(false)).isZero();
    }

    @Test
    void withoutNotingKeysTheSameDeleteIsResurrected() {
        assertThat(deleteInsideTheWindow(true)).isOne();
    }

    /** Deletes a row between the read and the write of its chunk; how many rows too many NEW holds then. */
    private static int deleteInsideTheWindow(boolean broken) {
        try (Stand stand = stand()) {
            // Before the stream begins, so that only the copy brings it.
            stand.sql(DatabaseId.OLD, "INSERT INTO person VALUES (1, 1, 'a', 1), (2, 2, 'b', 1), (3, 3, 'c', 3)");
            stand.restart();
            stand.worker(new Failpoints() {
                @Override
                public void hit(Failpoint point) {
                    if (point == Failpoint.COPY_CHUNK_READ) {
                        stand.sql(DatabaseId.OLD, "DELETE FROM person WHERE id = 2");
                        stand.drain();
                    }
                }

                @Override
                public boolean planted(String bug) {
                    return broken && bug.equals("window.notesNothing");
                }
            });
            stand.copyAll();
            stand.drain();
            assertThat(stand.projected()).hasSizeLessThanOrEqualTo(2);
            return rows(stand) - 2;
        }
    }

    private static int rows(Stand stand) {
        int rows = 0;
        TablePlan table = stand.plan.table("person");
        for (int slot = 0; slot < stand.plan.layout().slots(); slot++) {
            rows += Integer.parseInt(stand.one(
                    stand.plan.databaseOf(table, slot),
                    "SELECT COUNT(*) FROM " + stand.plan.physicalTable(table, slot)));
        }
        return rows;
    }

    private static String quarantine(Stand stand) {
        StringBuilder all = new StringBuilder();
        for (DatabaseId shard : stand.plan.shardDatabases()) {
            String some = stand.one(
                    shard,
                    "SELECT GROUP_CONCAT(row_key, ' ', reason ORDER BY row_key SEPARATOR '|') FROM cutover_quarantine");
            if (!some.equals("null")) {
                all.append(some).append('|');
            }
        }
        return Arrays.stream(all.toString().split("\\|"))
                .filter(one -> !one.isEmpty())
                .sorted()
                .map(one -> one + "; ")
                .reduce("", String::concat);
    }

    private static void settled(Stand stand) {
        stand.drain();
        assertThat(stand.actual()).isEqualTo(stand.projected());
    }

    private static void settled(Stand stand, String mapped) {
        stand.drain();
        assertThat(rows(stand))
                .isEqualTo(
                        Integer.parseInt(stand.one(DatabaseId.OLD, "SELECT COUNT(*) FROM person s WHERE " + mapped)));
    }

    private static Stand stand() {
        return Stand.create(MySqlServer.shared(), 2, 2, TABLES, stand -> {
            stand.sql(
                    DatabaseId.OLD,
                    "CREATE TABLE person (id INT NOT NULL PRIMARY KEY, user_id INT NULL, phone VARCHAR(20) NULL, level INT NOT NULL)");
            for (DatabaseId shard : stand.plan.shardDatabases()) {
                for (int table = 0; table < 2; table++) {
                    stand.sql(
                            shard,
                            "CREATE TABLE person_00" + table
                                    + " (id BIGINT NOT NULL PRIMARY KEY, user_id INT NOT NULL, phone VARCHAR(20) NULL,"
                                    + " level TINYINT NOT NULL, UNIQUE KEY uk_phone (phone))");
                }
            }
        });
    }
}
