package dev.cutover.core.row;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Writes projected rows to a database, bit by bit as they were read, inside the caller's transaction. Stateless, safe for many threads. */
public final class RowWriter {
    private static final int ROWS_A_STATEMENT = 500;
    private static final int ROWS_OF_ANY_TEXT = 128;
    private static final int BYTES_A_STATEMENT = 1 << 20;

    /** Deletes what the source keys map to in one physical table; returns how many rows were there. */
    public int delete(
            Connection target,
            Projection projection,
            String targetPhysicalTable,
            int slot,
            Collection<RowKey> sourceKeys)
            throws SQLException {
        int deleted = 0;
        List<RowKey> all = List.copyOf(sourceKeys);
        for (int from = 0; from < all.size(); from += ROWS_A_STATEMENT) {
            List<RowKey> some = all.subList(from, Math.min(all.size(), from + ROWS_A_STATEMENT));
            SqlCondition condition = projection.targetKeysCondition(some, slot);
            String sql = "DELETE FROM " + Identifier.quote(targetPhysicalTable) + " WHERE " + condition.sql();
            try (PreparedStatement statement = target.prepareStatement(sql)) {
                condition.bind(statement, 1);
                deleted += statement.executeUpdate();
            }
        }
        return deleted;
    }

    /** Inserts mapped rows; a duplicate key (1062) and data errors reach the caller. */
    public void insert(Connection target, Projection projection, String targetPhysicalTable, List<ProjectedRow> rows)
            throws SQLException {
        List<TargetColumn> columns = projection.columns();
        String names = String.join(", ", projection.quotedColumns());
        String head = "INSERT INTO " + Identifier.quote(targetPhysicalTable) + " (" + names + ") VALUES ";
        // Without blanks: the driver looks at each character of a text it has not seen before.
        String group = "(?" + ",?".repeat(columns.size() - 1) + ")";
        int longest = Math.max(
                ROWS_OF_ANY_TEXT,
                Integer.highestOneBit((Topology.PARSED_CHARACTERS - head.length()) / (group.length() + 1)));
        int from = 0;
        while (from < rows.size()) {
            int to = from + rowsOfText(endOfStatement(rows, from) - from, longest);
            insert(target, head + group + ("," + group).repeat(to - from - 1), columns, rows.subList(from, to));
            from = to;
        }
    }

    // Few lengths are few texts of a table, which the session finds parsed: parsing took a third of a copy's time. A
    // short rest goes as it
    // is, for another round trip takes longer.
    private static int rowsOfText(int rows, int longest) {
        return rows < ROWS_OF_ANY_TEXT ? rows : Math.min(longest, Integer.highestOneBit(rows));
    }

    private static int endOfStatement(List<ProjectedRow> rows, int from) {
        long bytes = 0;
        int to = from;
        do {
            bytes += rows.get(to).size();
            to++;
        } while (to < rows.size()
                && to - from < ROWS_A_STATEMENT
                && bytes + rows.get(to).size() <= BYTES_A_STATEMENT);
        return to;
    }

    private static void insert(Connection target, String sql, List<TargetColumn> columns, List<ProjectedRow> rows)
            throws SQLException {
        try (PreparedStatement statement = target.prepareStatement(sql)) {
            int index = 1;
            for (ProjectedRow row : rows) {
                if (row.rejected()) {
                    throw new IllegalArgumentException(
                            "The row " + row.sourceKey().text() + " is rejected (" + row.rejectReason()
                                    + "); it belongs into quarantine.");
                }
                for (int i = 0; i < columns.size(); i++) {
                    byte[] value = row.value(i);
                    if (value == null) {
                        Notation.bindNull(statement, index++);
                    } else {
                        columns.get(i).notation().bind(statement, index++, value);
                    }
                }
            }
            statement.executeUpdate();
        }
    }

    /** Notes rejected rows with their reason in {@code cutover_quarantine} of the target. */
    public void quarantine(Connection target, TablePlan table, List<ProjectedRow> rejected) throws SQLException {
        for (ProjectedRow row : rejected) {
            String reason = row.rejectReason();
            if (reason == null) {
                throw new IllegalArgumentException(
                        "The row " + row.sourceKey().text() + " of " + table.name() + " is not rejected.");
            }
            quarantine(target, table, row.sourceKey(), reason);
        }
    }

    /** Notes one row that the target would not take, with the reason. */
    public void quarantine(Connection target, TablePlan table, RowKey sourceKey, String reason) throws SQLException {
        try (PreparedStatement statement =
                target.prepareStatement("INSERT INTO cutover_quarantine (table_name, row_key, reason, created_at)"
                        + " VALUES (?, ?, ?, NOW(3)) ON DUPLICATE KEY UPDATE reason = VALUES(reason)")) {
            statement.setString(1, table.name());
            statement.setString(2, sourceKey.text());
            statement.setString(3, reason);
            statement.executeUpdate();
        }
    }

    /** Forgets rows that are mapped now, or gone, in one statement; returns how many were noted. */
    public int unquarantine(Connection target, Map<TablePlan, ? extends Collection<RowKey>> sourceKeys)
            throws SQLException {
        List<String> values = new ArrayList<>();
        List<String> conditions = new ArrayList<>();
        for (Map.Entry<TablePlan, ? extends Collection<RowKey>> table : sourceKeys.entrySet()) {
            if (!table.getValue().isEmpty()) {
                conditions.add("table_name = ? AND row_key IN (?"
                        + ", ?".repeat(table.getValue().size() - 1) + ")");
                values.add(table.getKey().name());
                table.getValue().forEach(key -> values.add(key.text()));
            }
        }
        if (conditions.isEmpty()) {
            return 0;
        }
        try (PreparedStatement statement =
                target.prepareStatement("DELETE FROM cutover_quarantine WHERE " + String.join(" OR ", conditions))) {
            for (int i = 0; i < values.size(); i++) {
                statement.setString(i + 1, values.get(i));
            }
            return statement.executeUpdate();
        }
    }
}
