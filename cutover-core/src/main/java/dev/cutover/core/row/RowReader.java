package dev.cutover.core.row;

import dev.cutover.core.topology.Identifier;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Reads source rows through a projection, in whatever transaction the caller's session is in. Stateless, safe for many threads. */
public final class RowReader {
    /** Takes rows one after the other. */
    @FunctionalInterface
    public interface Taking {
        void take(ProjectedRow row) throws SQLException;
    }

    // Longer IN lists gain nothing more on the way, and cost the optimizer memory.
    private static final int KEYS_A_STATEMENT = 500;
    private static final int AT_ONCE = 0;
    // How Connector/J is told to hand rows over as they come.
    private static final int AS_THEY_COME = Integer.MIN_VALUE;

    /** The rows with these keys, rejected ones included, in no order; keys without a row are missing. */
    public List<ProjectedRow> byKeys(
            Connection source, Projection projection, String sourcePhysicalTable, Collection<RowKey> keys)
            throws SQLException {
        List<ProjectedRow> rows = new ArrayList<>();
        for (List<RowKey> some : parts(keys)) {
            SqlCondition condition = projection.sourceKeysCondition(some);
            read(source, projection, sourcePhysicalTable, condition, "", AT_ONCE, rows::add);
        }
        return rows;
    }

    private static List<List<RowKey>> parts(Collection<RowKey> keys) {
        List<RowKey> all = List.copyOf(keys);
        List<List<RowKey>> parts = new ArrayList<>();
        for (int from = 0; from < all.size(); from += KEYS_A_STATEMENT) {
            parts.add(all.subList(from, Math.min(all.size(), from + KEYS_A_STATEMENT)));
        }
        return parts;
    }

    /**
     * The same as long as they take no more than this of the heap; one row alone may be as large as it is.
     *
     * @throws RowsTooLargeException when they would take more
     */
    public List<ProjectedRow> byKeys(
            Connection source,
            Projection projection,
            String sourcePhysicalTable,
            Collection<RowKey> keys,
            long mostHeapBytes)
            throws SQLException {
        List<ProjectedRow> rows = new ArrayList<>();
        long[] held = {0};
        for (List<RowKey> some : parts(keys)) {
            read(
                    source,
                    projection,
                    sourcePhysicalTable,
                    projection.sourceKeysCondition(some),
                    "",
                    AS_THEY_COME,
                    row -> {
                        held[0] += row.heapBytes();
                        if (held[0] > mostHeapBytes && keys.size() > 1) {
                            throw new RowsTooLargeException(keys.size() + " rows of "
                                    + projection.table().name() + " take more than " + mostHeapBytes + " bytes.");
                        }
                        rows.add(row);
                    });
        }
        return rows;
    }

    /** The rows of a key range in key order, rejected ones included. */
    public List<ProjectedRow> byRange(
            Connection source, Projection projection, String sourcePhysicalTable, KeyRange range) throws SQLException {
        List<ProjectedRow> rows = new ArrayList<>();
        read(
                source,
                projection,
                sourcePhysicalTable,
                projection.sourceRangeCondition(range),
                inKeyOrder(projection),
                AT_ONCE,
                rows::add);
        return rows;
    }

    /** The same one after the other as they come from the server, so that no more than what is taken is held; the session is busy meanwhile. */
    public void eachOfRange(
            Connection source, Projection projection, String sourcePhysicalTable, KeyRange range, Taking taking)
            throws SQLException {
        read(
                source,
                projection,
                sourcePhysicalTable,
                projection.sourceRangeCondition(range),
                inKeyOrder(projection),
                AS_THEY_COME,
                taking);
    }

    private static String inKeyOrder(Projection projection) {
        return " ORDER BY " + String.join(", ", projection.orderBy());
    }

    /**
     * What stands on a target at these places now, the values in the notation of {@link ProjectedRow#values}; one statement.
     *
     * @param sourceKeys by slot; what they map to is looked for
     * @param physicalTable of a slot
     * @return by slot and {@link Projection#targetKey}
     */
    public Map<Integer, Map<RowKey, byte[] @Nullable []>> standing(
            Connection target,
            Projection projection,
            Map<Integer, ? extends Collection<RowKey>> sourceKeys,
            IntFunction<String> physicalTable)
            throws SQLException {
        String columns = projection.standingColumns();
        List<String> selects = new ArrayList<>();
        List<SqlCondition> conditions = new ArrayList<>();
        sourceKeys.forEach((slot, keys) -> {
            SqlCondition condition = projection.targetKeysCondition(keys, slot);
            selects.add("SELECT " + slot + ", " + columns + " FROM " + Identifier.quote(physicalTable.apply(slot))
                    + " WHERE " + condition.sql());
            conditions.add(condition);
        });
        Map<Integer, Map<RowKey, byte[] @Nullable []>> standing = new HashMap<>();
        if (selects.isEmpty()) {
            return standing;
        }
        try (PreparedStatement statement = target.prepareStatement(String.join(" UNION ALL ", selects))) {
            int index = 1;
            for (SqlCondition condition : conditions) {
                index = condition.bind(statement, index);
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    byte[] @Nullable [] values = new byte[projection.columns().size()][];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = row.getBytes(i + 2);
                    }
                    standing.computeIfAbsent(row.getInt(1), any -> new HashMap<>())
                            .put(projection.targetKey(values), values);
                }
            }
        }
        return standing;
    }

    /**
     * Ranges of this many rows that together are the whole table, the first and the last one open. MySQL walks the index, one border a
     * statement.
     */
    public List<KeyRange> ranges(Connection source, Projection projection, String sourcePhysicalTable, int rowsPerRange)
            throws SQLException {
        return ranges(
                source,
                projection,
                sourcePhysicalTable,
                projection.sourceKeyColumns().size(),
                rowsPerRange);
    }

    /** The same of about this many rows, for what is read on both sides by range; one range where none is a range of both. */
    public List<KeyRange> pairedRanges(
            Connection source, Projection projection, String sourcePhysicalTable, int rowsPerRange)
            throws SQLException {
        return ranges(source, projection, sourcePhysicalTable, projection.pairedColumns(), rowsPerRange);
    }

    private static List<KeyRange> ranges(
            Connection source, Projection projection, String table, int columns, int rowsPerRange) throws SQLException {
        if (rowsPerRange < 1) {
            throw new IllegalArgumentException("A range has at least one row, not " + rowsPerRange + ".");
        }
        List<KeyRange> ranges = new ArrayList<>();
        RowKey lo = null;
        RowKey border = columns == 0 ? null : border(source, projection, table, columns, KeyRange.ALL, rowsPerRange);
        while (border != null) {
            ranges.add(new KeyRange(lo, border));
            lo = border;
            border = border(source, projection, table, columns, new KeyRange(lo, null), rowsPerRange);
        }
        ranges.add(new KeyRange(lo, null));
        return List.copyOf(ranges);
    }

    // The key of the last of so many rows; null when there are fewer.
    private static @Nullable RowKey border(
            Connection source, Projection projection, String table, int columns, KeyRange after, int rows)
            throws SQLException {
        SqlCondition condition = projection.sourceRangeCondition(after);
        String sql = "SELECT " + String.join(", ", projection.sourceKeyTexts().subList(0, columns)) + " FROM "
                + projection.keyedTable(table) + " WHERE " + condition.sql() + " ORDER BY "
                + String.join(", ", projection.orderBy().subList(0, columns)) + " LIMIT 1 OFFSET " + (rows - 1);
        try (PreparedStatement statement = source.prepareStatement(sql)) {
            condition.bind(statement, 1);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? projection.sourceKey(keyBytes(row, columns)) : null;
            }
        }
    }

    private static void read(
            Connection source,
            Projection projection,
            String table,
            SqlCondition condition,
            String order,
            int fetchSize,
            Taking taking)
            throws SQLException {
        String sql = "SELECT " + projection.selectList() + " FROM " + projection.fromClause(table) + " WHERE "
                + condition.sql() + order;
        try (PreparedStatement statement = source.prepareStatement(sql)) {
            statement.setFetchSize(fetchSize);
            condition.bind(statement, 1);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    taking.take(read(row, projection));
                }
            }
        }
    }

    private static ProjectedRow read(ResultSet row, Projection projection) throws SQLException {
        int keyColumns = projection.sourceKeyColumns().size();
        List<byte[]> key = keyBytes(row, keyColumns);
        int slot = row.getInt(keyColumns + 1);
        if (row.wasNull()) {
            slot = -1;
        }
        byte[] reason = row.getBytes(keyColumns + 2);
        byte[] @Nullable [] values = new byte[projection.columns().size()][];
        for (int i = 0; i < values.length; i++) {
            values[i] = row.getBytes(keyColumns + 3 + i);
        }
        return new ProjectedRow(
                projection.sourceKey(key),
                slot,
                reason == null ? null : new String(reason, StandardCharsets.UTF_8),
                values);
    }

    private static List<byte[]> keyBytes(ResultSet row, int columns) throws SQLException {
        List<byte[]> key = new ArrayList<>(columns);
        for (int i = 1; i <= columns; i++) {
            key.add(Objects.requireNonNull(row.getBytes(i), "a key column is NULL"));
        }
        return key;
    }
}
