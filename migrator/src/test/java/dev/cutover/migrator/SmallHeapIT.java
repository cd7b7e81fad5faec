package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.stage.Chunk;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.sandbox.MySqlServer;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Workers in JVMs whose heap is much smaller than what goes through them. With {@code CUTOVER_FAULTS=full} a million rows that one statement
 * changes, under 512 MB.
 */
final class SmallHeapIT {
    private static final boolean FULL = "full".equals(System.getenv("CUTOVER_FAULTS"));
    private static final int MANY = FULL ? 1_000_000 : 100_000;
    private static final int HEAP_FOR_MANY = FULL ? 512 : 128;
    private static final int HEAP_FOR_LARGE = 128;
    private static final int LARGE = 160;
    private static final String NOTE =
            " (id BIGINT NOT NULL PRIMARY KEY, user_id INT NOT NULL, body LONGBLOB NOT NULL)";
    private static final String TABLES = """
            tables:
              - name: note
                kind: dynamic
                from: {table: note, key: [id]}
                shardBy: user_id
                key: {id: "{id}"}
                columns: {user_id: s.user_id, body: s.body}
                backKey: {id: "{id}"}
                back: {user_id: n.user_id, body: n.body}
            """;

    @TempDir
    Path folder;

    @Test
    void rowsOfAMegabyteGoThroughAHeapThatHoldsFewOfThem() {
        try (Stand stand = stand()) {
            stand.sql(
                    DatabaseId.OLD,
                    "INSERT INTO note SELECT n, n, REPEAT(CHAR(n), 1 << 20) FROM digits WHERE n < " + LARGE);
            stand.restart();
            JavaProcess worker = stand.workerProcess(folder, HEAP_FOR_LARGE);
            stand.copyAll();
            assertThat(stand.actual()).isEqualTo(stand.projected());
            stand.sql(DatabaseId.OLD, "UPDATE note SET body = REPEAT(CHAR(id + 1), 1 << 20)");
            stand.drain();
            assertThat(worker.alive()).isTrue();
            assertThat(stand.actual()).isEqualTo(stand.projected());
        }
    }

    @Test
    void oneStatementThatChangesEveryRowInTheMiddleOfTheCopyIsApplied() {
        try (Stand stand = stand()) {
            stand.sql(
                    DatabaseId.OLD,
                    "INSERT INTO note SELECT a.n * 1000 + b.n, a.n * 1000 + b.n, REPEAT('x', 200) FROM digits a, digits b"
                            + " WHERE a.n * 1000 + b.n < " + MANY);
            stand.restart();
            JavaProcess worker = stand.workerProcess(folder, HEAP_FOR_MANY);
            stand.control.requestJob("copy-dynamic", "test", null);
            Awaitility.await()
                    .atMost(Duration.ofMinutes(2))
                    .pollInterval(Duration.ofMillis(5))
                    .until(() ->
                            stand.control.chunks("note").stream().anyMatch(chunk -> chunk.state() == Chunk.State.DONE));
            stand.sql(DatabaseId.OLD, "UPDATE note SET body = REPEAT('y', 201)");
            boolean inTheMiddle =
                    stand.control.chunks("note").stream().anyMatch(chunk -> chunk.state() == Chunk.State.TODO);
            long begun = System.nanoTime();
            stand.copyAll();
            stand.drain(Duration.ofMinutes(10));
            System.out.println(MANY + " rows changed by one statement, copied and applied in "
                    + (System.nanoTime() - begun) / 1_000_000 + " ms, heap " + HEAP_FOR_MANY + " MB");
            assertThat(inTheMiddle).isTrue();
            assertThat(worker.alive()).isTrue();
            assertThat(stand.actual()).isEqualTo(stand.projected());
            TablePlan table = stand.plan.table("note");
            assertThat(stand.one(
                            stand.plan.databaseOf(table, 0),
                            "SELECT COUNT(*) FROM " + stand.plan.physicalTable(table, 0) + " WHERE body LIKE 'x%'"))
                    .isEqualTo("0");
        }
    }

    private static Stand stand() {
        return Stand.create(MySqlServer.shared(), 2, 2, TABLES, stand -> {
            stand.sql(DatabaseId.OLD, "CREATE TABLE note" + NOTE, "CREATE TABLE digits (n INT PRIMARY KEY)");
            stand.sql(
                    DatabaseId.OLD,
                    "INSERT INTO digits WITH RECURSIVE d (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM d WHERE n < 999) SELECT n FROM d");
            for (DatabaseId shard : stand.plan.shardDatabases()) {
                stand.sql(shard, "CREATE TABLE note_000" + NOTE, "CREATE TABLE note_001" + NOTE);
            }
        });
    }
}
