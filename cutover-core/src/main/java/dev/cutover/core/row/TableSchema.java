package dev.cutover.core.row;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A table as information_schema describes it.
 *
 * @param table its name
 * @param columns in table order
 * @param primaryKey its primary key's columns, in key order; empty without one
 */
public record TableSchema(String table, List<Column> columns, List<String> primaryKey) {
    private static final Set<String> INTEGERS = Set.of("tinyint", "smallint", "mediumint", "int", "bigint");
    private static final Set<String> TEXTS = Set.of("char", "varchar", "tinytext", "text", "mediumtext", "longtext");
    private static final Set<String> BINARIES =
            Set.of("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob");

    // Quotes are doubled; a backslash may be, too.
    private static final Pattern LABEL = Pattern.compile("'((?:[^']|'')*)'");

    /**
     * One column.
     *
     * @param name as stored
     * @param dataType {@code DATA_TYPE}, lower case: {@code bigint}, {@code varchar} …
     * @param columnType {@code COLUMN_TYPE}: {@code bigint(20) unsigned}, {@code enum('a','b')} …
     * @param nullable whether it takes NULL
     * @param charset its character set; null for what is not text
     * @param collation its collation; null for what is not text
     * @param scale digits after the point of a DECIMAL, fraction digits of a time; 0 elsewhere
     * @param generated whether MySQL computes it
     * @param autoIncrement whether MySQL numbers it
     */
    public record Column(
            String name,
            String dataType,
            String columnType,
            boolean nullable,
            @Nullable String charset,
            @Nullable String collation,
            int scale,
            boolean generated,
            boolean autoIncrement) {

        public boolean integer() {
            return INTEGERS.contains(dataType);
        }

        public boolean text() {
            return TEXTS.contains(dataType);
        }

        public boolean binary() {
            return BINARIES.contains(dataType);
        }

        /** The labels of an ENUM in the order of their numbers, from 1; empty for what is none. */
        List<String> members() {
            List<String> members = new ArrayList<>();
            if (dataType.equals("enum")) {
                Matcher label = LABEL.matcher(columnType);
                while (label.find()) {
                    members.add(label.group(1).replace("''", "'"));
                }
            }
            return members;
        }

        /** Shown with leading zeros, which are no part of the number. */
        boolean zerofill() {
            return columnType.toLowerCase(Locale.ROOT).contains("zerofill");
        }
    }

    public TableSchema {
        columns = List.copyOf(columns);
        primaryKey = List.copyOf(primaryKey);
    }

    /** Reads a table of the session's schema; refuses a table that is not there. */
    public static TableSchema read(Connection connection, String table) throws SQLException {
        List<Column> columns = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE = 'YES', CHARACTER_SET_NAME, COLLATION_NAME,
                  COALESCE(DATETIME_PRECISION, NUMERIC_SCALE, 0), GENERATION_EXPRESSION <> '', EXTRA LIKE '%auto_increment%'
                FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION""")) {
            statement.setString(1, table);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    columns.add(new Column(
                            row.getString(1),
                            row.getString(2).toLowerCase(Locale.ROOT),
                            row.getString(3),
                            row.getBoolean(4),
                            row.getString(5),
                            row.getString(6),
                            row.getInt(7),
                            row.getBoolean(8),
                            row.getBoolean(9)));
                }
            }
        }
        if (columns.isEmpty()) {
            throw new ProjectionRefusedException("The table '" + table + "' is not in the schema "
                    + connection.getCatalog() + ". Create it, or correct its name in the plan.");
        }
        return new TableSchema(table, columns, primaryKey(connection, table));
    }

    private static List<String> primaryKey(Connection connection, String table) throws SQLException {
        List<String> key = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT COLUMN_NAME FROM information_schema.STATISTICS
                WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX""")) {
            statement.setString(1, table);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    key.add(row.getString(1));
                }
            }
        }
        return key;
    }

    /** The column with this name; MySQL compares column names without case. */
    public Optional<Column> column(String name) {
        return columns.stream()
                .filter(column -> column.name().toLowerCase(Locale.ROOT).equals(name.toLowerCase(Locale.ROOT)))
                .findFirst();
    }
}
