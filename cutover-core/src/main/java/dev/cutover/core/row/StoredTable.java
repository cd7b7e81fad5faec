package dev.cutover.core.row;

import dev.cutover.core.topology.Identifier;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One physical table as it stands: whole rows by key, byte for byte, through no projection; columns MySQL generates are left out. Immutable, safe
 * for many threads; statements run in the caller's transaction.
 */
public final class StoredTable {
    private final String name;
    private final List<TableSchema.Column> columns;
    private final List<KeyColumn> key;

    private StoredTable(String name, List<TableSchema.Column> columns, List<KeyColumn> key) {
        this.name = name;
        this.columns = List.copyOf(columns);
        this.key = List.copyOf(key);
    }

    /** A row's values, one a column of {@link #columns()}. Immutable by agreement: nobody writes into the arrays. */
    public static final class Row {
        private final byte[] @Nullable [] values;

        public Row(byte[] @Nullable [] values) {
            this.values = values;
        }

        /** An element is null for NULL. */
        public byte[] @Nullable [] values() {
            return values;
        }

        public boolean same(Row other) {
            return Arrays.deepEquals(values, other.values);
        }
    }

    /** Describes a table of the session's schema; refuses keys that are not made of integers, text and bytes. */
    public static StoredTable read(Connection connection, String table, List<String> keyColumns) throws SQLException {
        TableSchema schema = TableSchema.read(connection, table);
        List<KeyColumn> key = new ArrayList<>();
        for (String column : keyColumns) {
            key.add(KeyColumn.of(schema, column));
        }
        return new StoredTable(
                table,
                schema.columns().stream().filter(column -> !column.generated()).toList(),
                key);
    }

    public String name() {
        return name;
    }

    public List<String> columns() {
        return columns.stream().map(TableSchema.Column::name).toList();
    }

    /** The values of these columns of a row, in the notation of {@link ProjectedRow#values}. */
    public byte[] @Nullable [] pick(Row row, List<String> names) {
        byte[] @Nullable [] picked = new byte[names.size()][];
        for (int i = 0; i < picked.length; i++) {
            picked[i] = row.values[index(names.get(i))];
        }
        return picked;
    }

    private int index(String column) {
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).name().toLowerCase(Locale.ROOT).equals(column.toLowerCase(Locale.ROOT))) {
                return i;
            }
        }
        throw new IllegalArgumentException("The table " + name + " has no stored column '" + column + "'.");
    }

    /** The same key in one spelling: an integer without leading zeros. */
    public RowKey canonical(RowKey rowKey) {
        requireWidth(rowKey);
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < key.size(); i++) {
            String part = rowKey.parts().get(i);
            parts.add(key.get(i).kind() == KeyColumn.Kind.INTEGER ? new BigInteger(part).toString() : part);
        }
        return new RowKey(parts);
    }

    /** The row with this key; {@code lock} holds it, or what stands there, until the transaction ends. */
    public Optional<Row> find(Connection connection, RowKey rowKey, boolean lock) throws SQLException {
        String list = columns.stream()
                .map(column -> Notation.of(column).target(Identifier.quote(column.name()), column))
                .collect(Collectors.joining(", "));
        try (PreparedStatement select = connection.prepareStatement("SELECT " + list + " FROM " + Identifier.quote(name)
                + " WHERE " + condition("?") + (lock ? " FOR UPDATE" : ""))) {
            bind(select, rowKey);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                byte[] @Nullable [] values = new byte[columns.size()][];
                for (int i = 0; i < values.length; i++) {
                    values[i] = row.getBytes(i + 1);
                }
                return Optional.of(new Row(values));
            }
        }
    }

    /** Deletes the row with this key; returns whether there was one. */
    public boolean delete(Connection connection, RowKey rowKey) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement("DELETE FROM " + Identifier.quote(name) + " WHERE " + condition("?"))) {
            bind(delete, rowKey);
            return delete.executeUpdate() > 0;
        }
    }

    /** Puts a row there exactly as it was read. */
    public void insert(Connection connection, Row row) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement(head(columns()) + "(?" + ", ?".repeat(columns.size() - 1) + ")")) {
            for (int i = 0; i < columns.size(); i++) {
                byte[] value = row.values[i];
                if (value == null) {
                    Notation.bindNull(insert, i + 1);
                } else {
                    Notation.of(columns.get(i)).bind(insert, i + 1, value);
                }
            }
            insert.executeUpdate();
        }
    }

    /** The same as text, for people. */
    public String deleteSql(RowKey rowKey) {
        requireWidth(rowKey);
        List<String> conditions = new ArrayList<>();
        for (int i = 0; i < key.size(); i++) {
            String part = rowKey.parts().get(i);
            conditions.add(Identifier.quote(key.get(i).name()) + " = "
                    + (key.get(i).kind() == KeyColumn.Kind.INTEGER || key.get(i).kind() == KeyColumn.Kind.BINARY
                            ? part
                            : quoted(part)));
        }
        return "DELETE FROM " + Identifier.quote(name) + " WHERE " + String.join(" AND ", conditions);
    }

    /** The INSERT of these columns as text, for people. */
    public String insertSql(List<String> names, byte[] @Nullable [] values) {
        List<String> literals = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            literals.add(literal(columns.get(index(names.get(i))), values[i]));
        }
        return head(names) + "(" + String.join(", ", literals) + ")";
    }

    private String head(List<String> names) {
        return "INSERT INTO " + Identifier.quote(name) + " ("
                + names.stream().map(Identifier::quote).collect(Collectors.joining(", ")) + ") VALUES ";
    }

    private static String literal(TableSchema.Column column, byte @Nullable [] value) {
        if (value == null) {
            return "NULL";
        }
        return switch (Notation.of(column)) {
            case INTEGER, DECIMAL, FLOATING, BITS, PLAIN -> new String(value, StandardCharsets.ISO_8859_1);
            case BINARY -> "x'" + HexFormat.of().formatHex(value) + "'";
            case TIME, JSON, TEXT -> quoted(new String(value, StandardCharsets.UTF_8));
        };
    }

    private static String quoted(String text) {
        return "'"
                + text.replace("\\", "\\\\")
                        .replace("'", "''")
                        .replace("\n", "\\n")
                        .replace("\r", "\\r")
                        .replace("\u0000", "\\0")
                        .replace("\u001a", "\\Z")
                + "'";
    }

    private String condition(String parameter) {
        return key.stream()
                .map(column -> Identifier.quote(column.name()) + " = " + parameter)
                .collect(Collectors.joining(" AND "));
    }

    private void bind(PreparedStatement statement, RowKey rowKey) throws SQLException {
        requireWidth(rowKey);
        for (int i = 0; i < key.size(); i++) {
            statement.setObject(i + 1, key.get(i).parameter(rowKey.parts().get(i)));
        }
    }

    private void requireWidth(RowKey rowKey) {
        if (rowKey.parts().size() != key.size()) {
            throw new IllegalArgumentException("The key " + rowKey.text() + " has "
                    + rowKey.parts().size() + " parts, but " + name + " is found by "
                    + key.stream().map(KeyColumn::name).toList() + ".");
        }
    }
}
