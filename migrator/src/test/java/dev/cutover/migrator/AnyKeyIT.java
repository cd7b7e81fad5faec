package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.SqlCondition;
import dev.cutover.core.stage.Chunk;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.MySqlServer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tables with keys of every kind go through copy and stream; both sides are compared byte by byte, without a projection. */
final class AnyKeyIT {
    private static final int ROWS = 1_200;

    /** Kinds of keys, each with a way to make up the n-th one. */
    enum Key {
        SIGNED("k BIGINT", "k", (random, n) -> Long.toString(edge(random, n, Long.MIN_VALUE, -1, 0, Long.MAX_VALUE))),
        UNSIGNED(
                "k BIGINT UNSIGNED",
                "k",
                (random, n) -> Long.toUnsignedString(edge(random, n, 0, -1, Long.MIN_VALUE, Long.MAX_VALUE))),
        ZEROFILL("k INT(8) UNSIGNED ZEROFILL", "k", (random, n) -> Integer.toString(n * 3)),
        COMPOSITE(
                "a SMALLINT, k INT, c VARCHAR(5) CHARACTER SET ascii COLLATE ascii_bin",
                "a, k, c",
                (random, n) -> (random.nextInt(3) - 1) + ", " + n + ", '" + (char) ('a' + n % 26) + "'"),
        WITHOUT_CASE_OR_ACCENT(
                "k VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
                "k",
                (random, n) -> quoted(letters(random, "aÄéßZ漢😀", 4) + n)),
        PADDED(
                "k VARCHAR(60) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
                "k",
                (random, n) -> quoted(letters(random, "äÖxé", 3) + n + " ".repeat(random.nextInt(3)))),
        TEXT_OF_ANY_SIGNS(
                "k VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                "k",
                (random, n) -> quoted(letters(random, "aA|\\'\"%_ \u0001", 4) + n)),
        CHAR(
                "k CHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                "k",
                (random, n) -> quoted(letters(random, "aA漢", 3) + n)),
        GBK(
                "k VARCHAR(40) CHARACTER SET gbk COLLATE gbk_chinese_ci",
                "k",
                (random, n) -> quoted(letters(random, "汉字券a", 3) + n)),
        BINARY("k BINARY(8)", "k", (random, n) -> bytes(random, n, 8)),
        VARBINARY("k VARBINARY(20)", "k", (random, n) -> n == 0 ? "''" : bytes(random, n, 4 + n % 15)),
        DATE(
                "k DATE, n INT",
                "k, n",
                (random, n) -> "'"
                        + List.of("1000-01-01", "9999-12-31", "2020-02-29", "1970-01-01", "1582-10-10")
                                .get(n % 5) + "', " + n),
        ENUM(
                "k ENUM('z','it''s','a,b','A') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, n INT",
                "k, n",
                (random, n) -> List.of("'z'", "'it''s'", "'a,b'", "'A'").get(random.nextInt(4)) + ", " + n);

        private final String columns;
        private final String names;
        private final BiFunction<Random, Integer, String> maker;

        Key(String columns, String names, BiFunction<Random, Integer, String> maker) {
            this.columns = columns;
            this.names = names;
            this.maker = maker;
        }

        private List<String> nameList() {
            return List.of(names.split(", ", -1));
        }

        String ddl(String table) {
            return "CREATE TABLE " + table + " (" + columns
                    + ", user_id INT NOT NULL, v VARBINARY(40) NULL, PRIMARY KEY (" + names + "))";
        }

        String plan() {
            String taken = nameList().stream()
                    .map(name -> name + ": \"{" + name + "}\"")
                    .collect(Collectors.joining(", "));
            return """
                    tables:
                      - name: item
                        kind: dynamic
                        from: {table: item, key: [%s]}
                        shardBy: user_id
                        key: {%s}
                        columns: {user_id: s.user_id, v: s.v}
                        backKey: {%s}
                        back: {user_id: n.user_id, v: n.v}
                    """.formatted(names, taken, taken);
        }

        private static long edge(Random random, int n, long... edges) {
            return n < edges.length ? edges[n] : random.nextLong();
        }

        private static String letters(Random random, String alphabet, int length) {
            int[] points = alphabet.codePoints().toArray();
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < length; i++) {
                text.appendCodePoint(points[random.nextInt(points.length)]);
            }
            return text.toString();
        }

        private static String quoted(String text) {
            return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
        }

        // The number keeps them apart; about every third ends in zeros, which MySQL leaves out of the binlog.
        private static String bytes(Random random, int n, int length) {
            byte[] bytes = new byte[length];
            if (random.nextInt(3) > 0) {
                random.nextBytes(bytes);
            }
            for (int i = 0; i < 3; i++) {
                bytes[i] = (byte) ((n + 1) >> (8 * i));
            }
            return "x'" + HexFormat.of().formatHex(bytes) + "'";
        }
    }

    @ParameterizedTest
    @EnumSource(Key.class)
    void copyAndStreamBringEveryRowOnceWhateverItsKey(Key key) throws SQLException {
        Random random = new Random(key.ordinal());
        List<String> keys = keys(key, random, ROWS + 200);
        try (Stand stand = stand(key)) {
            insert(stand, keys.subList(0, ROWS), random);
            stand.restart();
            AtomicBoolean inside = new AtomicBoolean();
            stand.worker(point -> {
                // While a chunk is in hand rows of it go, move and change.
                if (point == Failpoint.COPY_CHUNK_READ && inside.compareAndSet(false, true)) {
                    changes(stand, key, keys, ROWS - 100, random);
                    stand.drain();
                }
            });
            stand.copyAll();
            assertThat(inside).isTrue();
            List<Chunk> chunks = stand.control.chunks("item");
            assertThat(chunks).hasSizeGreaterThan(3);
            assertThat(chunks.stream().mapToLong(Chunk::rows).max().orElseThrow())
                    .isLessThanOrEqualTo(250);
            assertThat(explained(stand, chunks.get(2).keys())).isEqualTo("range");
            same(stand, key);

            changes(stand, key, keys, 0, random);
            insert(stand, keys.subList(ROWS + 100, ROWS + 200), random);
            same(stand, key);
            stand.sql(DatabaseId.OLD, "DELETE FROM item");
            same(stand, key);
        }
    }

    @Test
    void aDateThatIsNoneInAKeyStopsTheStreamInsteadOfBeingTakenForAnotherDay() {
        Key key = Key.DATE;
        try (Stand stand = stand(key)) {
            MigrationWorker worker = stand.worker(Failpoints.NONE);
            stand.drain();
            stand.sql(DatabaseId.OLD, "INSERT INTO item VALUES ('0000-00-00', 1, 7, 'v')");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> worker.statusJson().contains("\"state\":\"stopped\""));
            assertThat(worker.statusJson())
                    .contains("a row of item changed whose key column k holds a date that is none");
        }
    }

    @Test
    void aKeyThatChangesItsCaseOnlyStaysThoughAMirrorWasThereFirst() throws SQLException {
        Key key = Key.WITHOUT_CASE_OR_ACCENT;
        try (Stand stand = stand(key)) {
            stand.sql(DatabaseId.OLD, "INSERT INTO item VALUES ('abc', 7, 'v')");
            AtomicInteger mirrored = new AtomicInteger();
            TablePlan table = stand.plan.table("item");
            int slot = stand.plan.layout().slot(7);
            stand.worker(point -> {
                if (point == Failpoint.APPLY_DIRTY && mirrored.compareAndSet(1, 2)) {
                    stand.sql(
                            stand.plan.databaseOf(table, slot),
                            "UPDATE " + stand.plan.physicalTable(table, slot) + " SET k = 'ABC' WHERE k = 'abc'");
                }
            });
            same(stand, key);
            mirrored.set(1);
            stand.sql(DatabaseId.OLD, "UPDATE item SET k = 'ABC' WHERE k = 'abc'");
            same(stand, key);
            assertThat(mirrored).hasValue(2);
            assertThat(source(stand)).hasSize(1);
        }
    }

    /** How MySQL reads the rows of a range: its {@code type}. */
    private static String explained(Stand stand, KeyRange range) throws SQLException {
        Projection projection = Projection.forward(stand.topology, stand.plan.table("item"));
        SqlCondition condition = projection.sourceRangeCondition(range);
        try (Connection connection = stand.connect(DatabaseId.OLD);
                PreparedStatement explain = connection.prepareStatement(
                        "EXPLAIN SELECT * FROM " + projection.fromClause() + " WHERE " + condition.sql())) {
            condition.bind(explain, 1);
            try (ResultSet row = explain.executeQuery()) {
                row.next();
                return row.getString("type");
            }
        }
    }

    private static List<String> keys(Key key, Random random, int many) {
        Set<String> keys = new LinkedHashSet<>();
        for (int n = 0; n < many; n++) {
            keys.add(key.maker.apply(random, n));
        }
        assertThat(keys).hasSize(many);
        return new ArrayList<>(keys);
    }

    private static Stand stand(Key key) {
        return Stand.create(
                MySqlServer.shared(),
                MySqlServer.shared(),
                2,
                2,
                key.plan(),
                "{chunkRows: 250, workers: 2, maxLag: 10s, maxThreadsRunning: 60}",
                stand -> {
                    stand.sql(DatabaseId.OLD, key.ddl("item"));
                    for (DatabaseId shard : stand.plan.shardDatabases()) {
                        stand.sql(shard, key.ddl("item_000"), key.ddl("item_001"));
                    }
                });
    }

    private static void insert(Stand stand, List<String> keys, Random random) {
        stand.sql(
                DatabaseId.OLD,
                keys.stream()
                        .map(key -> "(" + key + ", " + random.nextInt(50) + ", '" + random.nextInt(1000) + "')")
                        .collect(Collectors.joining(", ", "INSERT INTO item VALUES ", "")));
    }

    /** Changes a hundred rows from there on: values, users, whole keys, and some go. */
    private static void changes(Stand stand, Key key, List<String> keys, int from, Random random) {
        for (int i = from; i < from + 100; i++) {
            String where = " WHERE (" + key.names + ") = (" + keys.get(i) + ")";
            stand.sql(
                    DatabaseId.OLD,
                    switch (i % 4) {
                        case 0 -> "DELETE FROM item" + where;
                        case 1 -> "UPDATE item SET v = x'00FF" + String.format(Locale.ROOT, "%04x", i) + "'" + where;
                        case 2 -> "UPDATE item SET user_id = " + random.nextInt(50) + where;
                        default -> "DELETE FROM item" + where;
                    });
            if (i % 4 == 3) {
                insert(stand, List.of(keys.get(i)), random);
            }
        }
    }

    /** Both sides hold the same bytes, each row in the physical table of its user. */
    private static void same(Stand stand, Key key) throws SQLException {
        stand.drain();
        Set<String> target = new TreeSet<>();
        TablePlan table = stand.plan.table("item");
        for (int slot = 0; slot < stand.plan.layout().slots(); slot++) {
            for (String row : rows(stand, stand.plan.databaseOf(table, slot), stand.plan.physicalTable(table, slot))) {
                assertThat(target.add(row)).as("%s stands twice", row).isTrue();
                String user = row.substring(row.lastIndexOf(':') + 1);
                assertThat(stand.plan.layout().slot(Integer.parseInt(user))).isEqualTo(slot);
            }
        }
        Set<String> source = source(stand);
        assertThat(source.stream().filter(row -> !target.contains(row)))
                .as("missing rows, key %s", key)
                .isEmpty();
        assertThat(target).as("key %s", key).isEqualTo(source);
        for (DatabaseId shard : stand.plan.shardDatabases()) {
            assertThat(stand.one(shard, "SELECT COUNT(*) FROM cutover_quarantine"))
                    .isEqualTo("0");
        }
    }

    private static Set<String> source(Stand stand) throws SQLException {
        return new TreeSet<>(rows(stand, DatabaseId.OLD, "item"));
    }

    private static List<String> rows(Stand stand, DatabaseId database, String table) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection connection = stand.connect(database);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT * FROM " + table)) {
            int columns = row.getMetaData().getColumnCount();
            while (row.next()) {
                StringBuilder text = new StringBuilder();
                for (int i = 1; i <= columns; i++) {
                    byte[] value = row.getBytes(i);
                    text.append(value == null ? "NULL" : HexFormat.of().formatHex(value))
                            .append('|');
                }
                rows.add(text + ":" + new String(row.getBytes("user_id"), StandardCharsets.ISO_8859_1));
            }
        }
        return rows;
    }
}
