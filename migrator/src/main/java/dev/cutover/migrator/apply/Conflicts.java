package dev.cutover.migrator.apply;

import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.TargetColumn;
import dev.cutover.core.topology.Identifier;
import dev.cutover.migrator.stream.ChangedKey;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Finds the target rows that stand in the way of rows to be inserted.
 *
 * <p>A unique key may be taken honestly: the refetched row is newer than the batch, and the row that gave up the value comes later in the
 * stream. Then that row belongs into the batch too; refetched together, in one snapshot, both fit. Stateless.
 */
final class Conflicts {
    private static final int ROWS_A_QUERY = 200;

    private Conflicts() {}

    /** The source keys of rows that hold a unique value (the primary key aside) of one of these rows. */
    static List<ChangedKey> find(
            Connection target, Traffic traffic, Projection projection, int place, List<ProjectedRow> rows)
            throws SQLException {
        List<String> keys = traffic.sourceKeyExpressions(projection, place);
        List<ChangedKey> found = new ArrayList<>();
        if (keys.isEmpty()) {
            return found;
        }
        String physical = traffic.targetTable(projection, place);
        for (List<Integer> unique : uniqueKeys(target, projection, physical)) {
            for (int from = 0; from < rows.size(); from += ROWS_A_QUERY) {
                List<ProjectedRow> some = rows.subList(from, Math.min(rows.size(), from + ROWS_A_QUERY));
                found.addAll(holders(target, projection, physical, keys, unique, some));
            }
        }
        return found;
    }

    private static List<ChangedKey> holders(
            Connection target,
            Projection projection,
            String physical,
            List<String> keys,
            List<Integer> unique,
            List<ProjectedRow> rows)
            throws SQLException {
        List<String> one = new ArrayList<>();
        for (int column : unique) {
            one.add("t." + Identifier.quote(projection.columns().get(column).name()) + " = ?");
        }
        List<String> all = new ArrayList<>();
        rows.forEach(row -> all.add("(" + String.join(" AND ", one) + ")"));
        List<ChangedKey> found = new ArrayList<>();
        try (PreparedStatement select = target.prepareStatement("SELECT " + String.join(", ", keys) + " FROM "
                + Identifier.quote(physical) + " t WHERE " + String.join(" OR ", all))) {
            int index = 1;
            for (ProjectedRow row : rows) {
                for (int column : unique) {
                    byte[][] values = Objects.requireNonNull(row.values());
                    byte[] value = values[column];
                    // NULL is equal to nothing, and takes no unique value.
                    select.setString(index++, value == null ? null : new String(value, StandardCharsets.UTF_8));
                }
            }
            try (ResultSet holders = select.executeQuery()) {
                while (holders.next()) {
                    List<String> parts = new ArrayList<>();
                    for (int part = 1; part < keys.size(); part++) {
                        parts.add(String.valueOf(holders.getString(part)));
                    }
                    found.add(
                            new ChangedKey(projection.table().name(), new RowKey(parts), holders.getInt(keys.size())));
                }
            }
        }
        return found;
    }

    /** The unique keys besides the primary one, as indexes into the projection's columns; keys over other columns are left out. */
    private static List<List<Integer>> uniqueKeys(Connection target, Projection projection, String physical)
            throws SQLException {
        Map<String, List<Integer>> keys = new LinkedHashMap<>();
        try (PreparedStatement select =
                target.prepareStatement("SELECT index_name, column_name FROM information_schema.statistics"
                        + " WHERE table_schema = DATABASE() AND table_name = ? AND non_unique = 0 AND index_name <> 'PRIMARY'"
                        + " ORDER BY index_name, seq_in_index")) {
            select.setString(1, physical);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    keys.computeIfAbsent(row.getString(1), any -> new ArrayList<>())
                            .add(index(projection.columns(), row.getString(2)));
                }
            }
        }
        return keys.values().stream().filter(key -> !key.contains(-1)).toList();
    }

    private static int index(List<TargetColumn> columns, String name) {
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).name().toLowerCase(Locale.ROOT).equals(name.toLowerCase(Locale.ROOT))) {
                return i;
            }
        }
        return -1;
    }
}
