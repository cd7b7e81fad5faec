package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.table.RandomTable;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tables nobody thought of, twenty a migration, are copied and followed while they change; both sides are compared by plain SQL that knows
 * neither a projection nor the verifier. With {@code CUTOVER_FAULTS=full} five hundred of them.
 */
final class RandomSchemaIT {
    private static final int TABLES = 20;
    private static final int ROWS = 60;
    private static final int CHANGES_IN_THE_STREAM = 300;

    static LongStream seeds() {
        return LongStream.range(0, "full".equals(System.getenv("CUTOVER_FAULTS")) ? 500 / TABLES : 1);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whateverTheTablesAreBothSidesEndUpEqual(long seed)
            throws SQLException, InterruptedException, ExecutionException {
        List<RandomTable> tables = IntStream.range(0, TABLES)
                .mapToObj(i -> new RandomTable("t" + i, seed * TABLES + i))
                .toList();
        String plan = "tables:\n" + tables.stream().map(RandomTable::plan).collect(Collectors.joining());
        try (Stand stand = Stand.create(
                MySqlServer.shared(),
                MySqlServer.shared(),
                2,
                2,
                plan,
                "{chunkRows: 25, workers: 2, maxLag: 10s, maxThreadsRunning: 60}",
                made -> create(made, tables))) {
            for (RandomTable table : tables) {
                stand.sql(DatabaseId.OLD, table.insert(ROWS));
            }
            stand.restart();
            AtomicBoolean stop = new AtomicBoolean();
            AtomicLong changes = new AtomicLong();
            ExecutorService writer = Executors.newSingleThreadExecutor();
            try {
                Future<?> writing = writer.submit(() -> write(stand, tables, new Random(seed), stop, changes));
                stand.worker(Failpoints.NONE);
                stand.copyAll();
                long copied = changes.get();
                Awaitility.await().until(() -> writing.isDone() || changes.get() > copied + CHANGES_IN_THE_STREAM);
                stop.set(true);
                writing.get();
            } finally {
                stop.set(true);
                writer.shutdownNow();
            }
            stand.drain();
            for (RandomTable table : tables) {
                same(stand, table);
            }
            for (DatabaseId shard : stand.plan.shardDatabases()) {
                assertThat(stand.one(shard, "SELECT COUNT(*) FROM cutover_quarantine"))
                        .isEqualTo("0");
            }
        }
    }

    private static void create(Stand stand, List<RandomTable> tables) {
        for (RandomTable table : tables) {
            stand.sql(DatabaseId.OLD, table.ddl(table.name()));
            for (DatabaseId shard : stand.plan.shardDatabases()) {
                stand.sql(shard, table.ddl(table.name() + "_000"), table.ddl(table.name() + "_001"));
            }
        }
    }

    /** Transactions of one to four changes of any tables, some taken back. */
    private static void write(
            Stand stand, List<RandomTable> tables, Random random, AtomicBoolean stop, AtomicLong changes) {
        while (!stop.get()) {
            List<String> transaction = new ArrayList<>(List.of("BEGIN"));
            for (int i = random.nextInt(4); i >= 0; i--) {
                transaction.add(tables.get(random.nextInt(tables.size())).change());
            }
            transaction.add("COMMIT");
            stand.sql(DatabaseId.OLD, transaction.toArray(String[]::new));
            changes.addAndGet(transaction.size() - 2);
        }
    }

    private static void same(Stand stand, RandomTable table) throws SQLException {
        List<String> target = new ArrayList<>();
        TablePlan plan = stand.plan.table(table.name());
        for (int slot = 0; slot < stand.plan.layout().slots(); slot++) {
            for (String row :
                    rows(stand, stand.plan.databaseOf(plan, slot), table, stand.plan.physicalTable(plan, slot))) {
                assertThat(stand.plan.layout().slot(Integer.parseInt(row.substring(0, row.indexOf(':')))))
                        .as("%s: where %s stands", table.ddl(table.name()), row)
                        .isEqualTo(slot);
                target.add(row);
            }
        }
        List<String> source = rows(stand, DatabaseId.OLD, table, table.name());
        assertThat(few(source, target))
                .as("only on OLD, of %s", table.ddl(table.name()))
                .isEqualTo(few(target, source));
        assertThat(target).hasSameSizeAs(source);
    }

    /** Some rows that are not among the others, each of a length one can read. */
    private static List<String> few(List<String> rows, List<String> others) {
        Set<String> there = new HashSet<>(others);
        return rows.stream()
                .filter(row -> !there.contains(row))
                .sorted()
                .limit(3)
                .map(row -> row.length() > 1_000 ? row.substring(0, 1_000) : row)
                .toList();
    }

    /** The user, and then all bytes. */
    private static List<String> rows(Stand stand, DatabaseId database, RandomTable table, String physical)
            throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection connection = stand.connect(database);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(table.rows(physical))) {
            int columns = row.getMetaData().getColumnCount();
            while (row.next()) {
                StringBuilder text =
                        new StringBuilder(new String(row.getBytes(1), StandardCharsets.ISO_8859_1)).append(':');
                for (int i = 2; i <= columns; i++) {
                    byte[] value = row.getBytes(i);
                    text.append(value == null ? "NULL" : HexFormat.of().formatHex(value))
                            .append('|');
                }
                rows.add(text.toString());
            }
        }
        return rows;
    }
}
