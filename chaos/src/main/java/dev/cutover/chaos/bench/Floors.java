package dev.cutover.chaos.bench;

import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/** What a verification is measured against: plainer ways to read and compare the same rows, one session a server. */
final class Floors {
    private final CopiedMall mall;
    private final TablePlan table;
    private final Projection projection;
    private final ExecutorService threads;

    Floors(CopiedMall mall, String table, ExecutorService threads) throws SQLException {
        this.mall = mall;
        this.table = mall.plan().table(table);
        this.projection = Projection.forward(mall.topology(), this.table);
        this.threads = threads;
    }

    /** Each table once, in one session. */
    void checksumTables() throws SQLException {
        checksumSource();
        for (int slot = 0; slot < mall.plan().layout().slots(); slot++) {
            checksumTarget(slot);
        }
    }

    /** The same with all servers at work at the same time. */
    void checksumTablesAtOnce() {
        List<Callable<Boolean>> work = new ArrayList<>();
        work.add(() -> {
            checksumSource();
            return true;
        });
        slotsByServer()
                .forEach(slots -> work.add(() -> {
                    for (int slot : slots) {
                        checksumTarget(slot);
                    }
                    return true;
                }));
        all(work);
    }

    private void checksumSource() throws SQLException {
        query(DatabaseId.OLD, "CHECKSUM TABLE " + Identifier.quote(table.fromTable()), row -> row.getLong(2));
    }

    private void checksumTarget(int slot) throws SQLException {
        query(
                mall.plan().databaseOf(table, slot),
                "CHECKSUM TABLE " + Identifier.quote(mall.plan().physicalTable(table, slot)),
                row -> row.getLong(2));
    }

    /** A count and the XOR of the CRC32 of each row, by table, as a checksum of chunks is often taken; whether all are equal. */
    boolean crcXorEqual() {
        String source = "SELECT " + projection.slotExpression() + " cutover_slot, COUNT(*), "
                + crc(projection.comparedColumns().stream()
                        .map(projection::selectExpression)
                        .toList())
                + " FROM " + projection.fromClause() + " WHERE NOT " + projection.rejectCondition()
                + " GROUP BY cutover_slot";
        List<Callable<Map<Integer, List<Long>>>> work = new ArrayList<>();
        work.add(() -> sums(DatabaseId.OLD, source));
        slotsByServer()
                .forEach(slots -> work.add(() -> {
                    Map<Integer, List<Long>> sums = new TreeMap<>();
                    for (int slot : slots) {
                        String target = "SELECT " + slot + ", COUNT(*), "
                                + crc(projection.comparedColumns().stream()
                                        .map(projection::targetExpression)
                                        .toList())
                                + " FROM "
                                + Identifier.quote(mall.plan().physicalTable(table, slot));
                        sums.putAll(sums(mall.plan().databaseOf(table, slot), target));
                    }
                    return sums;
                }));
        List<Map<Integer, List<Long>>> sums = all(work);
        Map<Integer, List<Long>> targets = new TreeMap<>();
        sums.subList(1, sums.size()).forEach(targets::putAll);
        return sums.get(0).equals(targets);
    }

    private static String crc(List<String> values) {
        return "BIT_XOR(CRC32(CONCAT_WS('#', " + String.join(", ", values)
                + values.stream().map(value -> ", ISNULL(" + value + ")").collect(Collectors.joining()) + ")))";
    }

    private Map<Integer, List<Long>> sums(DatabaseId database, String sql) throws SQLException {
        Map<Integer, List<Long>> sums = new HashMap<>();
        query(database, sql, row -> sums.put(row.getInt(1), List.of(row.getLong(2), row.getLong(3))));
        return sums;
    }

    /** Every row of both sides fetched, and compared here; how many are not equal. */
    long unequalRowByRow() throws SQLException {
        List<KeyRange> ranges;
        try (Connection source = mall.topology().database(DatabaseId.OLD).getConnection()) {
            ranges = new RowReader()
                    .ranges(
                            source,
                            projection,
                            table.fromTable(),
                            mall.plan().verify().rangeRows());
        }
        return all(ranges.stream()
                        .map(range -> (Callable<Long>) () -> unequal(range))
                        .toList())
                .stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    private long unequal(KeyRange range) throws SQLException {
        Map<RowKey, ProjectedRow> source = new HashMap<>();
        try (Connection connection = mall.topology().database(DatabaseId.OLD).getConnection()) {
            for (ProjectedRow row : new RowReader().byRange(connection, projection, table.fromTable(), range)) {
                if (!row.rejected()) {
                    source.put(projection.targetKey(row), row);
                }
            }
        }
        List<String> names = projection.comparedColumns();
        String columns = names.stream().map(projection::targetExpression).collect(Collectors.joining(", "));
        int keys = projection.targetKeyColumns().size();
        long unequal = 0;
        for (int slot = 0; slot < mall.plan().layout().slots(); slot++) {
            DatabaseId database = mall.plan().databaseOf(table, slot);
            var condition = projection.targetRangeCondition(range, slot);
            String sql = "SELECT " + columns + " FROM "
                    + Identifier.quote(mall.plan().physicalTable(table, slot)) + " WHERE " + condition.sql();
            try (Connection connection = mall.topology().database(database).getConnection();
                    var statement = connection.prepareStatement(sql)) {
                condition.bind(statement, 1);
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        List<String> key = new ArrayList<>();
                        for (int i = 1; i <= keys; i++) {
                            key.add(row.getString(i));
                        }
                        ProjectedRow expected = source.remove(new RowKey(key));
                        byte[][] found = new byte[names.size()][];
                        for (int i = 0; i < found.length; i++) {
                            found[i] = row.getBytes(i + 1);
                        }
                        boolean equal = expected != null
                                && expected.slot() == slot
                                && Arrays.deepEquals(Arrays.copyOf(expected.values(), found.length), found);
                        unequal += equal ? 0 : 1;
                    }
                }
            }
        }
        return unequal + source.size();
    }

    private List<List<Integer>> slotsByServer() {
        Map<Object, List<Integer>> slots = new LinkedHashMap<>();
        for (int slot = 0; slot < mall.plan().layout().slots(); slot++) {
            slots.computeIfAbsent(
                            mall.topology()
                                    .endpoint(mall.plan().databaseOf(table, slot))
                                    .server(),
                            any -> new ArrayList<>())
                    .add(slot);
        }
        return List.copyOf(slots.values());
    }

    /** Hears a row. */
    private interface EachRow {
        void hear(ResultSet row) throws SQLException;
    }

    private void query(DatabaseId database, String sql, EachRow each) throws SQLException {
        try (Connection connection = mall.topology().database(database).getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                each.hear(row);
            }
        }
    }

    private <T> List<T> all(List<Callable<T>> work) {
        try {
            List<T> done = new ArrayList<>();
            for (Future<T> future : threads.invokeAll(work)) {
                done.add(future.get());
            }
            return done;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChaosFailedException("The measurement was interrupted.", e);
        } catch (ExecutionException e) {
            throw new ChaosFailedException("A floor could not be measured: " + e.getMessage(), e);
        }
    }
}
