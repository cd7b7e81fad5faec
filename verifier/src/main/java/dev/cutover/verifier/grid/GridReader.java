package dev.cutover.verifier.grid;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.SqlCondition;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.VerificationFailedException;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * Reads all cells of one key range, both sides at the same time: one grouped statement on the source, one UNION of all physical tables
 * on each target database. Safe for many threads.
 */
public final class GridReader {
    private static final int ALL_ROWS = -1;

    private final Topology topology;
    private final ComparedTable table;
    private final Executor executor;
    private final Duration statementLimit;

    public GridReader(Topology topology, ComparedTable table, Executor executor, Duration statementLimit) {
        this.topology = topology;
        this.table = table;
        this.executor = executor;
        this.statementLimit = statementLimit;
    }

    /** The aggregates of a side of one range. */
    private record SourceCells(SortedMap<Integer, Cell> cells, long unmapped) {}

    public CellRow read(KeyRange range) {
        List<CompletableFuture<SortedMap<Integer, Cell>>> targets = new ArrayList<>();
        for (Map.Entry<DatabaseId, List<Integer>> database :
                table.slotsByDatabase().entrySet()) {
            targets.add(CompletableFuture.supplyAsync(
                    () -> target(database.getKey(), database.getValue(), range), executor));
        }
        try {
            SourceCells source = source(range);
            SortedMap<Integer, Cell> target = new TreeMap<>();
            targets.forEach(future -> target.putAll(future.join()));
            return new CellRow(range, source.cells(), target, source.unmapped());
        } catch (CompletionException e) {
            if (e.getCause() instanceof VerificationFailedException failure) {
                throw failure;
            }
            throw new VerificationFailedException(
                    "Reading " + table.name() + " " + range + " on NEW failed: " + e.getMessage(), e);
        } finally {
            // A failed side must not leave the other one's statements behind a closed run.
            targets.forEach(future -> future.handle((cells, failure) -> cells).join());
        }
    }

    /** The grouped statement of the source, with its range open: for the report. */
    public String sourceSql() {
        return sourceSql(table.projection().sourceRangeCondition(KeyRange.ALL).sql());
    }

    // Why a row is rejected is asked once a row, and the hash of a rejected row, which may not even be computable,
    // never: what is not
    // mapped is the difference to all rows, counted in the same statement and so in the same view of the data.
    private String sourceSql(String condition) {
        String cells = "SELECT /*+ MAX_EXECUTION_TIME(" + statementLimit.toMillis() + ") */ "
                + table.projection().slotExpression() + " AS cutover_slot, COUNT(*), COALESCE(SUM("
                + table.sourceKeySum() + "), 0), HEX(BIT_XOR(" + ComparedTable.foldable(table.sourceHash()) + ")) FROM "
                + table.sourceFrom() + " WHERE " + condition;
        return table.mapsEveryRow()
                ? cells + " GROUP BY cutover_slot"
                : cells + " AND NOT (" + table.projection().rejectCondition()
                        + ") GROUP BY cutover_slot UNION ALL SELECT " + ALL_ROWS + ", COUNT(*), 0, NULL FROM "
                        + table.sourceRows() + " WHERE " + condition;
    }

    private SourceCells source(KeyRange range) {
        SqlCondition condition = table.projection().sourceRangeCondition(range);
        SortedMap<Integer, Cell> cells = new TreeMap<>();
        long mapped = 0;
        long all = -1;
        try (Connection connection = topology.database(DatabaseId.OLD).getConnection();
                PreparedStatement statement = connection.prepareStatement(sourceSql(condition.sql()))) {
            int next = condition.bind(statement, 1);
            if (!table.mapsEveryRow()) {
                condition.bind(statement, next);
            }
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    int slot = result.getInt(1);
                    if (result.wasNull()) {
                        throw new SQLException("a row that is not rejected has no route");
                    }
                    if (slot == ALL_ROWS) {
                        all = result.getLong(2);
                    } else {
                        cells.put(slot, cell(result, 0));
                        mapped += result.getLong(2);
                    }
                }
            }
        } catch (SQLException e) {
            throw failed(DatabaseId.OLD, range, e);
        }
        return new SourceCells(cells, table.mapsEveryRow() ? 0 : unmapped(range, all, mapped));
    }

    private long unmapped(KeyRange range, long all, long mapped) {
        if (all < mapped) {
            throw new VerificationFailedException("Of " + table.name() + " " + range + " " + mapped
                    + " rows were mapped, but OLD counts " + all
                    + ": a join of the plan gives more than one row. Mend the plan, then verify again.");
        }
        return all - mapped;
    }

    private SortedMap<Integer, Cell> target(DatabaseId database, List<Integer> slots, KeyRange range) {
        List<SqlCondition> conditions = slots.stream()
                .map(slot -> table.projection().targetRangeCondition(range, slot))
                .toList();
        StringBuilder sql = new StringBuilder();
        String hash = ComparedTable.foldable(table.targetHash());
        String keySum = table.targetKeySum();
        for (int i = 0; i < slots.size(); i++) {
            int slot = slots.get(i);
            String misrouted = table.targetSlot()
                    .map(route -> "COUNT(IF(" + route + " <=> " + slot + ", NULL, 1))")
                    .orElse("0");
            sql.append(
                            i == 0
                                    ? "SELECT /*+ MAX_EXECUTION_TIME(" + statementLimit.toMillis() + ") */ "
                                    : " UNION ALL SELECT ")
                    .append(slot)
                    .append(", COUNT(*), COALESCE(SUM(")
                    .append(keySum)
                    .append("), 0), HEX(BIT_XOR(")
                    .append(hash)
                    .append(")), ")
                    .append(misrouted)
                    .append(" FROM ")
                    .append(table.targetFrom(slot))
                    .append(" WHERE ")
                    .append(conditions.get(i).sql());
        }
        SortedMap<Integer, Cell> cells = new TreeMap<>();
        try (Connection connection = topology.database(database).getConnection();
                PreparedStatement statement = connection.prepareStatement(sql.toString())) {
            int index = 1;
            for (SqlCondition condition : conditions) {
                index = condition.bind(statement, index);
            }
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    cells.put(result.getInt(1), cell(result, result.getLong(5)));
                }
            }
        } catch (SQLException e) {
            throw failed(database, range, e);
        }
        return cells;
    }

    private static Cell cell(ResultSet result, long misrouted) throws SQLException {
        BigInteger keySum = result.getBigDecimal(3).toBigInteger();
        String hash = result.getString(4);
        return Cell.of(result.getLong(2), keySum, hash == null ? "" : hash, misrouted);
    }

    private VerificationFailedException failed(DatabaseId database, KeyRange range, SQLException cause) {
        return new VerificationFailedException(
                "The checksums of " + table.name() + " " + range + " could not be read on "
                        + topology.endpoint(database).describe() + " (" + cause.getMessage()
                        + "); nothing is known about the equality of this range. Mend the cause and verify again.",
                cause);
    }
}
