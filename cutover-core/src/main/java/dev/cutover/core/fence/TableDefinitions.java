package dev.cutover.core.fence;

import dev.cutover.core.plan.Join;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How migrated tables are defined, so that a later look tells whether they still are. Immutable.
 *
 * <p>A digest is over the columns, indexes, foreign keys, engine and collation of every physical table of a table, and over triggers on it
 * that are not the fence's own: whatever decides which row can stand there and what becomes of it. A few requests a database, however many
 * tables it has: {@code SHOW CREATE TABLE} of two thousand tables takes seconds.
 *
 * @param digests by {@code database.table}; on NEW the table is named as in the plan
 */
public record TableDefinitions(Map<String, String> digests) {
    // The first column is the table.
    private static final List<String> PARTS = List.of(
            "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION, CREATE_OPTIONS FROM information_schema.TABLES"
                    + " WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME",
            "SELECT TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA,"
                    + " CHARACTER_SET_NAME, COLLATION_NAME, GENERATION_EXPRESSION FROM information_schema.COLUMNS"
                    + " WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION",
            "SELECT TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, NON_UNIQUE, COLUMN_NAME, SUB_PART, EXPRESSION"
                    + " FROM information_schema.STATISTICS"
                    + " WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
            "SELECT TABLE_NAME, CONSTRAINT_NAME, REFERENCED_TABLE_NAME, UPDATE_RULE, DELETE_RULE"
                    + " FROM information_schema.REFERENTIAL_CONSTRAINTS"
                    + " WHERE CONSTRAINT_SCHEMA = DATABASE() ORDER BY TABLE_NAME, CONSTRAINT_NAME");
    private static final String TRIGGERS =
            "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT"
                    + " FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY TRIGGER_NAME";

    public TableDefinitions {
        digests = Map.copyOf(digests);
    }

    /** Reads those of one database. */
    public static TableDefinitions read(
            Connection connection, MigrationPlan plan, DatabaseId database, Collection<TablePlan> tables)
            throws SQLException {
        Map<String, Set<String>> wanted = tables(plan, database, tables);
        Map<String, List<String>> parts = new LinkedHashMap<>();
        for (Set<String> physical : wanted.values()) {
            physical.forEach(table -> parts.put(table, new ArrayList<>()));
        }
        for (String sql : PARTS) {
            add(parts, connection, sql, Set.of());
        }
        add(parts, connection, TRIGGERS, TriggerFence.of(plan, database).names());
        Map<String, String> digests = new TreeMap<>();
        for (Map.Entry<String, Set<String>> table : wanted.entrySet()) {
            MessageDigest digest = sha256();
            for (String physical : table.getValue()) {
                for (String part : parts.getOrDefault(physical, List.of())) {
                    digest.update(part.getBytes(StandardCharsets.UTF_8));
                    digest.update((byte) 0);
                }
                digest.update((byte) 1);
            }
            digests.put(database + "." + table.getKey(), HexFormat.of().formatHex(digest.digest(), 0, 16));
        }
        return new TableDefinitions(digests);
    }

    // Rows whose second column is a name of ours are left out.
    private static void add(Map<String, List<String>> parts, Connection connection, String sql, Set<String> ours)
            throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            int columns = row.getMetaData().getColumnCount();
            while (row.next()) {
                List<String> lines = parts.get(row.getString(1));
                if (lines == null || ours.contains(String.valueOf(row.getString(2)))) {
                    continue;
                }
                StringJoiner line = new StringJoiner("\n");
                for (int column = 2; column <= columns; column++) {
                    line.add(String.valueOf(row.getString(column)));
                }
                lines.add(line.toString());
            }
        }
    }

    /** The physical tables of a database that are migrated or looked up, by the table they belong to. */
    private static Map<String, Set<String>> tables(
            MigrationPlan plan, DatabaseId database, Collection<TablePlan> chosen) {
        Map<String, Set<String>> tables = new LinkedHashMap<>();
        for (TablePlan table : chosen) {
            boolean old = database.equals(DatabaseId.OLD);
            List<String> physical = plan.tablesIn(database, table);
            if (!physical.isEmpty()) {
                tables.put(old ? table.fromTable() : table.name(), new LinkedHashSet<>(physical));
            }
            for (Join join : table.joins()) {
                if (old) {
                    tables.put(join.table(), Set.of(join.table()));
                }
            }
        }
        return tables;
    }

    /** Every physical table of a database whose definition counts. */
    static List<String> tables(MigrationPlan plan, DatabaseId database) {
        return tables(plan, database, plan.tables()).values().stream()
                .flatMap(Set::stream)
                .distinct()
                .toList();
    }

    /** These and those of other databases. */
    public TableDefinitions with(TableDefinitions others) {
        Map<String, String> all = new TreeMap<>(digests);
        all.putAll(others.digests);
        return new TableDefinitions(all);
    }

    /** The tables that are defined otherwise than here, or are known to one of the two only. */
    public List<String> unlike(TableDefinitions others) {
        Set<String> names = new TreeSet<>(digests.keySet());
        names.addAll(others.digests.keySet());
        return names.stream()
                .filter(name -> !digests.getOrDefault(name, "").equals(others.digests.getOrDefault(name, "")))
                .toList();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256; this one does not.", e);
        }
    }
}
