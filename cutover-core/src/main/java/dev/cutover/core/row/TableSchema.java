package dev.cutover.core.row;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A table as information_schema describes it.
 *
 * @param table its name
 * @param columns in table order
 * @param primaryKey its primary key's columns, in key order; empty without one
 */
public record TableSchema(String table, List<Column> columns, List<String> primaryKey) {
    /**
     * One column.
     *
     * @param name as stored
     * @param dataType {@code DATA_TYPE}, lower case: {@code bigint}, {@code varchar} …
     * @param columnType {@code COLUMN_TYPE}, lower case: {@code bigint(20) unsigned}, {@code enum('a','b')} …
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
            boolean autoIncrement) {}

    public TableSchema {
        columns = List.copyOf(columns);
        primaryKey = List.copyOf(primaryKey);
    }

    /** Reads the table of the session's schema; refuses a table that is not there. */
    public static TableSchema read(Connection connection, String table) throws SQLException {
        throw new UnsupportedOperationException();
    }

    public Optional<Column> column(String name) {
        return columns.stream()
                .filter(column -> column.name().toLowerCase(Locale.ROOT).equals(name.toLowerCase(Locale.ROOT)))
                .findFirst();
    }
}
