package dev.cutover.migrator.stream;

import dev.cutover.migrator.stream.WatchedTables.TableName;
import io.debezium.relational.Column;
import io.debezium.relational.ColumnEditor;
import io.debezium.relational.Table;
import io.debezium.relational.TableEditor;
import io.debezium.relational.TableId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The definitions of watched tables as a server has them now, in one query however many they are.
 *
 * <p>Debezium by itself asks for each definition and parses it: half a second of processor time before the first table, and half a minute
 * for a thousand. {@code SourceDefinitionsIT} holds every type against its parser. Stateless.
 */
final class SourceDefinitions {
    // Read by position: information_schema names its columns in upper or lower case, by version.
    private static final String COLUMNS = "SELECT table_schema, table_name, column_name, data_type, column_type,"
            + " character_set_name, is_nullable, column_key, extra FROM information_schema.columns"
            + " WHERE table_schema IN (%s) ORDER BY table_schema, table_name, ordinal_position";

    private static final Pattern TYPE = Pattern.compile("\\w+(?:\\((.*)\\))?((?: \\w+)*)", Pattern.DOTALL);
    private static final Pattern MEMBER = Pattern.compile("'(?:[^']|'')*'");

    private SourceDefinitions() {}

    /** Those of {@code names} that are there. */
    static List<Table> read(Connection connection, Set<TableName> names) throws SQLException {
        List<String> schemas = names.stream().map(TableName::schema).distinct().toList();
        String question = COLUMNS.formatted(schemas.stream().map(any -> "?").collect(Collectors.joining(",")));
        Map<TableName, TableEditor> tables = new LinkedHashMap<>();
        Map<TableName, List<String>> keys = new LinkedHashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(question)) {
            for (int i = 0; i < schemas.size(); i++) {
                statement.setString(i + 1, schemas.get(i));
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    TableName name = new TableName(row.getString(1), row.getString(2));
                    if (names.contains(name)) {
                        TableEditor table = tables.computeIfAbsent(name, SourceDefinitions::table);
                        table.addColumn(column(row, table.columns().size() + 1));
                        if ("PRI".equals(row.getString(8))) {
                            keys.computeIfAbsent(name, any -> new ArrayList<>()).add(row.getString(3));
                        }
                    }
                }
            }
        }
        // In the order of the columns: a stream reads which columns are a key from the plan, not from here.
        tables.forEach((name, table) -> table.setPrimaryKeyNames(keys.getOrDefault(name, List.of())));
        return tables.values().stream().map(TableEditor::create).toList();
    }

    private static TableEditor table(TableName name) {
        return Table.editor().tableId(new TableId(name.schema(), null, name.table()));
    }

    private static Column column(ResultSet row, int position) throws SQLException {
        String type = row.getString(4).toLowerCase(Locale.ROOT);
        boolean generated = row.getString(9).toLowerCase(Locale.ROOT).contains("auto_increment");
        ColumnEditor column = Column.editor()
                .name(row.getString(3))
                .position(position)
                .jdbcType(jdbcType(type))
                .charsetName(row.getString(6))
                .optional("YES".equals(row.getString(7)))
                .autoIncremented(generated)
                .generated(generated);
        Matcher whole = TYPE.matcher(row.getString(5));
        if (!whole.matches()) {
            throw new IllegalStateException("The server describes a type as '" + row.getString(5) + "'.");
        }
        String arguments = whole.group(1);
        column.type((type + whole.group(2)).toUpperCase(Locale.ROOT));
        if (type.equals("enum") || type.equals("set")) {
            // With their quotes, as the parser leaves them.
            List<String> members =
                    MEMBER.matcher(arguments).results().map(MatchResult::group).toList();
            column.enumValues(members).length(type.equals("enum") ? 1 : 2 * members.size() - 1);
        } else if (type.equals("date")) {
            // Else a zero date would be told as the first of January 1970, which is another day.
            column.optional(true);
        } else if (arguments != null) {
            String[] numbers = arguments.split(",");
            column.length(Integer.parseInt(numbers[0]));
            if (numbers.length == 2) {
                column.scale(Integer.parseInt(numbers[1]));
            }
        }
        return column.create();
    }

    // As Debezium's parser gives them; its converters choose by them.
    private static int jdbcType(String type) {
        return switch (type) {
            case "tinyint", "smallint" -> Types.SMALLINT;
            case "mediumint", "int", "year" -> Types.INTEGER;
            case "bigint" -> Types.BIGINT;
            case "float" -> Types.FLOAT;
            case "double" -> Types.DOUBLE;
            case "decimal" -> Types.DECIMAL;
            case "bit" -> Types.BIT;
            case "date" -> Types.DATE;
            case "time" -> Types.TIME;
            case "datetime" -> Types.TIMESTAMP;
            case "timestamp" -> Types.TIMESTAMP_WITH_TIMEZONE;
            case "char", "enum", "set" -> Types.CHAR;
            case "varchar", "tinytext", "text", "mediumtext", "longtext" -> Types.VARCHAR;
            case "binary" -> Types.BINARY;
            case "varbinary" -> Types.VARBINARY;
            case "tinyblob", "blob", "mediumblob", "longblob" -> Types.BLOB;
            default -> Types.OTHER; // json, spatial types, vector
        };
    }
}
