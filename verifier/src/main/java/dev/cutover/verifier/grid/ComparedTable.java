package dev.cutover.verifier.grid;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.TableSchema;
import dev.cutover.core.row.TargetColumn;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One table as it is compared: the same text of a row and the same hash of that text over the source's projection and over a physical
 * table of the target. Immutable, safe for many threads.
 */
public final class ComparedTable {
    private static final Pattern KEY_COLUMN = Pattern.compile("\\{(\\w+)}");

    private final MigrationPlan plan;
    private final Projection projection;
    private final List<Column> columns;
    private final List<String> uncomparable;
    private final String salt;
    private final String from;
    private final String targetIndex;
    private final Set<String> binarySourceKeys;

    private ComparedTable(
            MigrationPlan plan,
            Projection projection,
            List<Column> columns,
            List<String> uncomparable,
            String salt,
            String from,
            String targetIndex,
            Set<String> binarySourceKeys) {
        this.plan = plan;
        this.projection = projection;
        this.columns = List.copyOf(columns);
        this.uncomparable = List.copyOf(uncomparable);
        this.salt = salt;
        this.from = from;
        this.targetIndex = targetIndex;
        this.binarySourceKeys = Set.copyOf(binarySourceKeys);
    }

    /** One compared column. */
    public record Column(
            String name,
            boolean key,
            ColumnText text,
            String sourceExpression,
            String targetExpression,
            ColumnType type) {
        public String sourceText() {
            return "CONCAT(" + sourceParts() + ")";
        }

        public String targetText() {
            return "CONCAT(" + targetParts() + ")";
        }

        private String sourceParts() {
            return text.ofSource(sourceExpression);
        }

        private String targetParts() {
            return text.ofTarget(targetExpression);
        }
    }

    /**
     * Asks both sides for the types of the compared columns.
     *
     * @param salt letters and digits, new in each run, so that no two contents collide in every run
     */
    public static ComparedTable read(Topology topology, Projection projection, String salt) throws SQLException {
        MigrationPlan plan = topology.plan();
        TablePlan table = projection.table();
        String targetTable = Identifier.quote(plan.physicalTable(table, 0));
        List<String> names = projection.comparedColumns();
        List<ColumnType> sourceTypes = types(
                topology,
                DatabaseId.OLD,
                names.stream().map(projection::selectExpression).toList(),
                projection.fromClause());
        List<ColumnType> targetTypes = types(
                topology,
                plan.databaseOf(table, 0),
                names.stream().map(projection::targetExpression).toList(),
                targetTable);
        TableSchema source = schema(topology, DatabaseId.OLD, table.fromTable());
        TableSchema target = schema(topology, plan.databaseOf(table, 0), plan.physicalTable(table, 0));
        List<Column> columns = new ArrayList<>();
        List<String> uncomparable = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            ColumnText text = new ColumnText(
                    sourceType(projection.selectExpression(name), sourceTypes.get(i), source),
                    projection.targetExpression(name).equals(Identifier.quote(name))
                            ? withCharset(targetTypes.get(i), target, name)
                            : targetTypes.get(i));
            if (comparable(table, name, source, target)) {
                columns.add(new Column(
                        name,
                        projection.targetKeyColumns().contains(name),
                        text,
                        projection.selectExpression(name),
                        projection.targetExpression(name),
                        targetTypes.get(i)));
            } else {
                uncomparable.add(name);
            }
        }
        return new ComparedTable(
                plan,
                projection,
                columns,
                uncomparable,
                salt,
                projection.fromClause(),
                primaryKeyLeads(target, projection.targetKeyColumns()) ? " FORCE INDEX (PRIMARY)" : "",
                projection.sourceKeyColumns().stream()
                        .filter(column -> source.column(column)
                                .filter(described -> described.dataType().matches("(var)?binary|\\w*blob"))
                                .isPresent())
                        .collect(Collectors.toSet()));
    }

    private static List<ColumnType> types(Topology topology, DatabaseId database, List<String> expressions, String from)
            throws SQLException {
        // Through the statement, not information_schema: what MySQL makes of the expression is what is compared.
        String sql = "SELECT " + String.join(", ", expressions) + " FROM " + from + " LIMIT 0";
        try (Connection connection = topology.database(database).getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            ResultSetMetaData description = result.getMetaData();
            List<ColumnType> types = new ArrayList<>();
            for (int i = 1; i <= expressions.size(); i++) {
                types.add(ColumnType.of(description, i));
            }
            return types;
        }
    }

    private static ColumnType sourceType(String expression, ColumnType type, TableSchema source) {
        String column = plain(expression);
        return column.startsWith("s.") ? withCharset(type, source, column.substring(2)) : type;
    }

    private static ColumnType withCharset(ColumnType type, TableSchema schema, String column) {
        return schema.column(column)
                .filter(described -> "utf8mb4".equals(described.charset()))
                .map(described -> type.inUtf8())
                .orElse(type);
    }

    /** A FLOAT holds hardly any decimal exactly: only another FLOAT, taken over as it is, can be compared with it. */
    private static boolean comparable(TablePlan table, String name, TableSchema source, TableSchema target) {
        if (target.column(name)
                .filter(column -> column.dataType().equals("float"))
                .isEmpty()) {
            return true;
        }
        String expression = plain(table.columns().getOrDefault(name, ""));
        return expression.startsWith("s.")
                && source.column(expression.substring(2))
                        .filter(column -> column.dataType().equals("float"))
                        .isPresent();
    }

    private static boolean primaryKeyLeads(TableSchema schema, List<String> key) {
        return !schema.primaryKey().isEmpty() && schema.primaryKey().get(0).equalsIgnoreCase(key.get(0));
    }

    private static TableSchema schema(Topology topology, DatabaseId database, String table) throws SQLException {
        try (Connection connection = topology.database(database).getConnection()) {
            return TableSchema.read(connection, table);
        }
    }

    public String name() {
        return table().name();
    }

    public TablePlan table() {
        return projection.table();
    }

    public MigrationPlan plan() {
        return plan;
    }

    public Projection projection() {
        return projection;
    }

    public List<Column> columns() {
        return columns;
    }

    /** Columns of types that cannot be compared exactly. */
    public List<String> uncomparable() {
        return uncomparable;
    }

    /** Physical tables in all. */
    public int slots() {
        return table().dynamic() ? plan.layout().slots() : 1;
    }

    /** Physical tables in one database. */
    public int tablesPerDatabase() {
        return table().dynamic() ? plan.layout().tables() : 1;
    }

    public DatabaseId databaseOf(int slot) {
        return plan.databaseOf(table(), slot);
    }

    public String physicalTable(int slot) {
        return plan.physicalTable(table(), slot);
    }

    /** The databases that hold the table on NEW, each with its slots. */
    public Map<DatabaseId, List<Integer>> slotsByDatabase() {
        Map<DatabaseId, List<Integer>> slots = new LinkedHashMap<>();
        for (int slot = 0; slot < slots(); slot++) {
            slots.computeIfAbsent(databaseOf(slot), database -> new ArrayList<>())
                    .add(slot);
        }
        return slots;
    }

    /** The source's table and joins. */
    public String sourceFrom() {
        return from;
    }

    /** The source's table without the joins. */
    String sourceRows() {
        return Identifier.quote(table().fromTable()) + " " + projection.alias();
    }

    public String targetFrom(int slot) {
        return Identifier.quote(physicalTable(slot)) + targetIndex;
    }

    /** The slot of a mapped source row; -1 for a row that is rejected or has no route. */
    public String sourceSlot() {
        return "IF(" + projection.rejectCondition() + ", -1, " + projection.slotExpression() + ")";
    }

    /** Whether each source row is mapped, by the plan and by its types. */
    public boolean mapsEveryRow() {
        return table().rejects().isEmpty() && !table().dynamic();
    }

    /** The slot a target row's own shard key belongs to; empty when no compared column carries the shard key as it is. */
    public Optional<String> targetSlot() {
        return shardKeyColumn()
                .map(column -> plan.layout()
                        // Leading zeros would be hashed too.
                        .slotSql(
                                column.schema().columnType().contains("zerofill")
                                        ? "(" + Identifier.quote(column.name()) + " + 0)"
                                        : Identifier.quote(column.name())));
    }

    private Optional<TargetColumn> shardKeyColumn() {
        String shardBy = table().shardBy();
        if (shardBy == null) {
            return Optional.empty();
        }
        String wanted = shardBy.toLowerCase(Locale.ROOT);
        return projection.columns().stream()
                .filter(column -> {
                    String expression = plain(table().key()
                            .getOrDefault(column.name(), table().columns().getOrDefault(column.name(), "")));
                    return expression.equals("s." + wanted) || expression.equals("{" + wanted + "}");
                })
                .findFirst();
    }

    private static String plain(String expression) {
        return expression.replace("`", "").replace(" ", "").toLowerCase(Locale.ROOT);
    }

    public String sourceHash() {
        return hash(columns.stream().map(Column::sourceParts).toList());
    }

    public String targetHash() {
        return hash(columns.stream().map(Column::targetParts).toList());
    }

    /**
     * 32 bytes a row. A row text that is NULL (a value that cannot be read, or longer than a packet) becomes random bytes, so that its
     * cell is never equal and the drill meets the NULL.
     */
    static String foldable(String hash) {
        // MySQL folds at most 511 bytes, and counts what RANDOM_BYTES could give.
        return "COALESCE(UNHEX(" + hash + "), CAST(RANDOM_BYTES(32) AS BINARY(32)))";
    }

    private String hash(List<String> texts) {
        return "SHA2(CONCAT('" + salt + "', ',', " + String.join(", ',', ", texts) + "), 256)";
    }

    String sourceKeySum() {
        return keySum(Column::sourceParts);
    }

    String targetKeySum() {
        return keySum(Column::targetParts);
    }

    private String keySum(Function<Column, String> side) {
        return "CRC32(CONCAT("
                + columns.stream().filter(Column::key).map(side).collect(Collectors.joining(", ',', "))
                + "))";
    }

    /** The source key's columns as the text of a row key. */
    public List<String> sourceKeyText() {
        return projection.sourceKeyTexts().stream()
                .map(text -> keyText(text, false))
                .toList();
    }

    /** The target key over the source row, as text. */
    public List<String> targetKeyTextOfSource() {
        return projection.targetKeyColumns().stream()
                .map(column -> keyText(projection.selectExpression(column), binary(column)))
                .toList();
    }

    /** The target key over a target row, as text. */
    public List<String> targetKeyText() {
        return projection.targetKeyColumns().stream()
                .map(column -> keyText(projection.targetExpression(column), binary(column)))
                .toList();
    }

    /** The parts of a target key, typed as its columns are: an index over integers is not used for a text. */
    public List<Object> targetKeyParameters(RowKey key) {
        List<Object> parameters = new ArrayList<>();
        for (int i = 0; i < key.parts().size(); i++) {
            String part = key.parts().get(i);
            parameters.add(
                    switch (family(projection.targetKeyColumns().get(i))) {
                        case INTEGER, DECIMAL, BITS -> new BigDecimal(part);
                        case BINARY -> HexFormat.of().parseHex(part.substring(2));
                        default -> part;
                    });
        }
        return parameters;
    }

    /** The source key of a target row, as text; empty where the plan gives no way back. */
    public List<String> sourceKeyTextOfTarget() {
        Map<String, String> back = new HashMap<>();
        table().backKey()
                .forEach((column, expression) -> back.put(
                        column.toLowerCase(Locale.ROOT),
                        KEY_COLUMN
                                .matcher(expression)
                                .replaceAll(match ->
                                        Matcher.quoteReplacement(projection.targetExpression(match.group(1))))));
        table().key().forEach((newColumn, expression) -> {
            Matcher same = KEY_COLUMN.matcher(expression.strip());
            if (same.matches()) {
                back.putIfAbsent(same.group(1).toLowerCase(Locale.ROOT), projection.targetExpression(newColumn));
            }
        });
        List<String> texts = new ArrayList<>();
        for (String column : projection.sourceKeyColumns()) {
            String expression = back.get(column.toLowerCase(Locale.ROOT));
            if (expression == null) {
                return List.of();
            }
            texts.add(keyText(expression, binarySourceKeys.contains(column)));
        }
        return texts;
    }

    private boolean binary(String targetKeyColumn) {
        return family(targetKeyColumn) == ColumnType.Family.BINARY;
    }

    private ColumnType.Family family(String column) {
        return columns.stream()
                .filter(compared -> compared.name().equals(column))
                .map(compared -> compared.type().family())
                .findFirst()
                .orElse(ColumnType.Family.TEXT);
    }

    private static String keyText(String expression, boolean binary) {
        return binary ? "CONCAT('0x', HEX(" + expression + "))" : "CONVERT((" + expression + ") USING utf8mb4)";
    }
}
