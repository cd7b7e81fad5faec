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
import dev.cutover.sandbox.table.KeyKind;
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
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tables with keys of every kind go through copy and stream; both sides are compared byte by byte, without a projection. */
final class AnyKeyIT {
    private static final int ROWS = 1_200;

    @ParameterizedTest
    @EnumSource(KeyKind.class)
    void copyAndStreamBringEveryRowOnceWhateverItsKey(KeyKind key) throws SQLException {
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
        KeyKind key = KeyKind.DATE;
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
        KeyKind key = KeyKind.WITHOUT_CASE_OR_ACCENT;
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

    private static List<String> keys(KeyKind key, Random random, int many) {
        Set<String> keys = new LinkedHashSet<>();
        for (int n = 0; n < many; n++) {
            keys.add(key.key(random, n));
        }
        assertThat(keys).hasSize(many);
        return new ArrayList<>(keys);
    }

    private static Stand stand(KeyKind key) {
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
    private static void changes(Stand stand, KeyKind key, List<String> keys, int from, Random random) {
        for (int i = from; i < from + 100; i++) {
            String where = " WHERE (" + key.columns() + ") = (" + keys.get(i) + ")";
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
    private static void same(Stand stand, KeyKind key) throws SQLException {
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
