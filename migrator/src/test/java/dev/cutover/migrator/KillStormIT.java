package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.stage.Chunk;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.sandbox.MySqlServer;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Worker processes that get SIGKILL at random moments of copy and stream, beside a writer. With {@code CUTOVER_FAULTS=full} thirty times in a
 * million rows.
 *
 * <p>A moment is a number of rows that the server has written since the worker began: so it falls anywhere between two statements or in one.
 * How much was copied is told by the server, which counts the rows that it sent for reads of ranges, and by a trigger that writes down each
 * chunk that becomes done.
 */
final class KillStormIT {
    private static final Logger LOG = LoggerFactory.getLogger(KillStormIT.class);
    private static final boolean FULL = "full".equals(System.getenv("CUTOVER_FAULTS"));
    private static final int KILLS = FULL ? 30 : 2;
    private static final int ROWS = FULL ? 1_000_000 : 100_000;
    private static final int MOST_BETWEEN_KILLS = FULL ? 100_000 : 50_000;
    private static final int MOST_BETWEEN_KILLS_OF_THE_STREAM = 5_000;
    // Two readers, each with as many chunks as are written together: WindowedCopy's groups of 20,000 rows. A chunk may
    // have a few more by
    // the time it is read than it was planned with.
    private static final int OPEN_ROWS = 2 * 20_200;
    private static final int HEAP = 256;
    private static final int USERS = 5_000;
    private static final Duration BOUND = Duration.ofMinutes(3);
    private static final String BODY = ", user_id INT NOT NULL, body VARCHAR(60) NOT NULL)";

    /** Tables with keys of three kinds; what their rows are made of in SQL, given a number {@code n}. */
    @SuppressWarnings("ImmutableEnumChecker") // Made by List.of
    private enum Kind {
        NOTE("id BIGINT NOT NULL PRIMARY KEY", List.of("id"), "%d"),
        PAIR("a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a, b)", List.of("a", "b"), "%1$d DIV 100, %1$d %% 100"),
        WORD("w VARCHAR(20) NOT NULL PRIMARY KEY", List.of("w"), "CONCAT('w-', REVERSE(%d))");

        private final String key;
        private final List<String> columns;
        private final String ofNumber;

        Kind(String key, List<String> columns, String ofNumber) {
            this.key = key;
            this.columns = columns;
            this.ofNumber = ofNumber;
        }

        int rows() {
            return this == NOTE ? ROWS / 2 : ROWS / 4;
        }

        String table() {
            return name().toLowerCase(Locale.ROOT);
        }

        String create(String physical) {
            return "CREATE TABLE " + physical + " (" + key + BODY;
        }

        /** The key of this number as SQL; {@code number} may be an expression. */
        String keyOf(String number) {
            return ofNumber.replace("%1$d", number).replace("%d", number).replace("%%", "%");
        }

        String where(long number) {
            return " WHERE (" + String.join(", ", columns) + ") = (" + keyOf(Long.toString(number)) + ")";
        }

        /** Assignments that give a row the key of this number. */
        String moved(long number) {
            return switch (this) {
                case NOTE -> "id = " + number;
                case PAIR -> "a = " + number / 100 + ", b = " + number % 100;
                case WORD -> "w = " + keyOf(Long.toString(number));
            };
        }

        String plan() {
            String keys = String.join(
                    ", ",
                    columns.stream()
                            .map(column -> column + ": \"{" + column + "}\"")
                            .toList());
            return """
                      - name: %1$s
                        kind: dynamic
                        from: {table: %1$s, key: [%2$s]}
                        shardBy: user_id
                        key: {%3$s}
                        columns: {user_id: s.user_id, body: s.body}
                        backKey: {%3$s}
                        back: {user_id: n.user_id, body: n.body}
                    """.formatted(table(), String.join(", ", columns), keys);
        }

        /** Count and sum over all rows, in which each byte of each column counts. */
        String sum(String physical) {
            String row = "CONCAT_WS('|', " + String.join(", ", columns) + ", user_id, HEX(body))";
            return "SELECT COUNT(*), COALESCE(SUM(CAST(CONV(LEFT(MD5(" + row + "), 12), 16, 10) AS UNSIGNED)), 0) FROM "
                    + physical;
        }
    }

    @TempDir
    Path folder;

    @Test
    void killedAtAnyMomentNothingIsCopiedTwiceBeyondTheOpenChunksAndTheResultIsEqual()
            throws SQLException, InterruptedException {
        long seed = System.nanoTime();
        LOG.info("Seed {}", seed);
        Random random = new Random(seed);
        ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
        try (Stand stand = stand()) {
            Random changes = new Random(seed);
            ScheduledFuture<?> writer =
                    executor.scheduleWithFixedDelay(() -> change(stand, changes), 0, 2, TimeUnit.MILLISECONDS);
            stand.control.requestJob("copy-dynamic", "test", null);
            int inCopy = 0;
            for (int kill = 0; kill < KILLS; kill++) {
                inCopy += killedSomewhere(stand, kill < KILLS / 2, random) ? 1 : 0;
                assertThat(writer.isDone()).as("the writer, seed %s", seed).isFalse();
            }
            JavaProcess last = stand.workerProcess(folder, HEAP);
            Awaitility.await().atMost(BOUND).until(() -> {
                assertThat(last.alive()).as(last::output).isTrue();
                return stand.control
                        .job("copy-dynamic")
                        .orElseThrow()
                        .state()
                        .name()
                        .equals("DONE");
            });
            writer.cancel(false);
            executor.shutdown();
            assertThat(executor.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
            stand.drain();
            same(stand);
            long copied = Stream.of(Kind.values())
                    .flatMap(kind -> stand.control.chunks(kind.table()).stream())
                    .mapToLong(Chunk::rows)
                    .sum();
            long atMost = copied + (long) inCopy * OPEN_ROWS;
            LOG.info(
                    "Seed {}: {} kills, {} of them in the copy; {} rows were read for {} copied",
                    seed,
                    KILLS,
                    inCopy,
                    sent(stand),
                    copied);
            assertThat(inCopy).as("kills in the copy, seed %s", seed).isBetween(Math.max(1, KILLS / 3), KILLS / 2);
            assertThat(sent(stand)).as("seed %s", seed).isBetween(copied, atMost);
            assertThat(chunksDone(stand, "COUNT(*)"))
                    .as("a chunk that is done is not copied again, seed %s", seed)
                    .isEqualTo(chunksDone(stand, "COUNT(DISTINCT table_name, chunk_no)"));

            // The test of the test: a worker that forgets what is done reads and writes down more than that.
            control(stand, "UPDATE cutover_chunk SET state = 'TODO'");
            stand.copyAll();
            assertThat(sent(stand)).isGreaterThan(atMost);
            assertThat(chunksDone(stand, "COUNT(*)"))
                    .isGreaterThan(chunksDone(stand, "COUNT(DISTINCT table_name, chunk_no)"));
        } finally {
            executor.shutdownNow();
        }
    }

    /** Kills a worker somewhere in the copy, or somewhere behind it in the stream; whether the copy was still under way. */
    private boolean killedSomewhere(Stand stand, boolean copying, Random random) {
        JavaProcess worker = stand.workerProcess(folder, HEAP);
        Awaitility.await()
                .atMost(BOUND)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> stand.control.instances().stream()
                                .anyMatch(instance -> instance.pid() == worker.pid()
                                        && instance.statusJson()
                                                .replace(" ", "")
                                                .contains("\"active\":true"))
                        && (copying || copied(stand)));
        long until =
                written(stand) + 1 + random.nextInt(copying ? MOST_BETWEEN_KILLS : MOST_BETWEEN_KILLS_OF_THE_STREAM);
        Awaitility.await()
                .atMost(BOUND)
                .pollInterval(Duration.ofMillis(2))
                .until(() -> !worker.alive() || written(stand) >= until);
        assertThat(worker.alive()).as(worker::output).isTrue();
        worker.kill();
        return !copied(stand);
    }

    private static long written(Stand stand) {
        return Long.parseLong(
                stand.one(
                        DatabaseId.OLD,
                        "SELECT CAST(SUM(variable_value) AS SIGNED) FROM performance_schema.global_status"
                                + " WHERE variable_name IN ('Innodb_rows_inserted', 'Innodb_rows_updated', 'Innodb_rows_deleted')"));
    }

    /** Rows that the server sent for ranges of the source's tables. */
    private static long sent(Stand stand) {
        return Long.parseLong(stand.one(
                DatabaseId.OLD,
                "SELECT COALESCE(SUM(sum_rows_sent), 0) FROM performance_schema.events_statements_summary_by_digest"
                        + " WHERE schema_name = DATABASE() AND digest_text LIKE '%`body`%ORDER BY%'"));
    }

    private static boolean copied(Stand stand) {
        return Stream.of(Kind.values())
                .map(kind -> stand.control.chunks(kind.table()))
                .allMatch(chunks ->
                        !chunks.isEmpty() && chunks.stream().allMatch(chunk -> chunk.state() == Chunk.State.DONE));
    }

    private static long chunksDone(Stand stand, String what) {
        try (Connection connection = stand.topology.control().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT " + what + " FROM chunk_done")) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private static void control(Stand stand, String... statements) throws SQLException {
        try (Connection connection = stand.topology.control().getConnection();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** One to three changes of any rows in a transaction. */
    private static void change(Stand stand, Random random) {
        List<String> transaction = new ArrayList<>(List.of("BEGIN"));
        for (int i = random.nextInt(3); i >= 0; i--) {
            Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
            // Of those that were there: a chunk does not grow while it is copied.
            long number = random.nextInt(kind.rows());
            String where = kind.where(number);
            transaction.add(
                    switch (random.nextInt(6)) {
                        case 0 -> "DELETE FROM " + kind.table() + where;
                        case 1 -> "UPDATE " + kind.table() + " SET user_id = " + random.nextInt(USERS) + where;
                        case 2 ->
                            "UPDATE " + kind.table() + " SET body = CONCAT('changed ', " + random.nextInt(1_000_000)
                                    + ")" + where;
                        // Another key, where that is free.
                        case 3 ->
                            "UPDATE IGNORE " + kind.table() + " SET " + kind.moved(random.nextInt(kind.rows())) + where;
                        default ->
                            "REPLACE INTO " + kind.table() + " SELECT " + kind.keyOf(Long.toString(number)) + ", "
                                    + random.nextInt(USERS) + ", 'new " + random.nextInt(1_000_000) + "'";
                    });
        }
        transaction.add("COMMIT");
        stand.sql(DatabaseId.OLD, transaction.toArray(String[]::new));
    }

    private static void same(Stand stand) throws SQLException {
        for (Kind kind : Kind.values()) {
            TablePlan table = stand.plan.table(kind.table());
            long count = 0;
            BigDecimal sum = BigDecimal.ZERO;
            for (int slot = 0; slot < stand.plan.layout().slots(); slot++) {
                try (Connection connection = stand.connect(stand.plan.databaseOf(table, slot));
                        Statement statement = connection.createStatement()) {
                    String physical = stand.plan.physicalTable(table, slot);
                    try (ResultSet row = statement.executeQuery(kind.sum(physical))) {
                        row.next();
                        count += row.getLong(1);
                        sum = sum.add(row.getBigDecimal(2));
                    }
                    try (ResultSet row = statement.executeQuery("SELECT DISTINCT user_id FROM " + physical)) {
                        while (row.next()) {
                            assertThat(stand.plan.layout().slot(row.getInt(1))).isEqualTo(slot);
                        }
                    }
                }
            }
            try (Connection old = stand.connect(DatabaseId.OLD);
                    Statement statement = old.createStatement();
                    ResultSet row = statement.executeQuery(kind.sum(kind.table()))) {
                row.next();
                assertThat(count).as("rows of %s", kind).isEqualTo(row.getLong(1));
                assertThat(sum).as("bytes of %s", kind).isEqualByComparingTo(row.getBigDecimal(2));
            }
        }
        for (DatabaseId shard : stand.plan.shardDatabases()) {
            assertThat(stand.one(shard, "SELECT COUNT(*) FROM cutover_quarantine"))
                    .isEqualTo("0");
        }
    }

    private static Stand stand() throws SQLException {
        StringBuilder tables = new StringBuilder("tables:\n");
        for (Kind kind : Kind.values()) {
            tables.append(kind.plan());
        }
        Stand stand = Stand.create(MySqlServer.shared(), 2, 2, tables.toString(), made -> {
            made.sql(
                    DatabaseId.OLD,
                    "CREATE TABLE digits (n INT PRIMARY KEY)",
                    "INSERT INTO digits WITH RECURSIVE d (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM d WHERE n < 999)"
                            + " SELECT n FROM d");
            for (Kind kind : Kind.values()) {
                made.sql(DatabaseId.OLD, kind.create(kind.table()));
                for (DatabaseId shard : made.plan.shardDatabases()) {
                    made.sql(shard, kind.create(kind.table() + "_000"), kind.create(kind.table() + "_001"));
                }
            }
        });
        for (Kind kind : Kind.values()) {
            stand.sql(
                    DatabaseId.OLD,
                    "INSERT INTO " + kind.table() + " SELECT " + kind.keyOf("(a.n * 1000 + b.n)")
                            + ", (a.n * 1000 + b.n) % "
                            + USERS
                            + ", CONCAT('row ', a.n, ' ', b.n) FROM digits a, digits b WHERE a.n * 1000 + b.n < "
                            + kind.rows());
        }
        stand.restart();
        stand.sql(DatabaseId.OLD, "TRUNCATE TABLE performance_schema.events_statements_summary_by_digest");
        control(
                stand,
                "CREATE TABLE chunk_done (table_name VARCHAR(64), chunk_no INT)",
                "CREATE TRIGGER chunk_done AFTER UPDATE ON cutover_chunk FOR EACH ROW INSERT INTO chunk_done"
                        + " SELECT NEW.table_name, NEW.chunk_no FROM DUAL WHERE NEW.state = 'DONE'");
        return stand;
    }
}
