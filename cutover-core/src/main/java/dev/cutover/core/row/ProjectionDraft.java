package dev.cutover.core.row;

import dev.cutover.core.plan.Expression;
import dev.cutover.core.plan.Join;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.Reject;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a projection is made of, and the making of it: expressions are rendered, MySQL says of which types they are, and each is put
 * into the notation of its target column.
 *
 * @param table the plan
 * @param forward OLD to NEW
 * @param alias of the source row
 * @param sourceKey the source's key columns
 * @param columns what is filled, key first
 * @param selects one expression a column, over the source row
 * @param addresses one expression a key column of the target, over placeholders
 * @param rangeColumn the key column of the target that grows with the leading source key column
 * @param pairedColumns by how many leading source key columns ranges are cut that are ranges of the target, too
 * @param slot the slot over the source row
 * @param reject why the row is rejected, {@code NULL} when nothing is
 * @param joins with a leading space, or empty
 * @param indexHint with a leading space, or empty
 */
record ProjectionDraft(
        TablePlan table,
        boolean forward,
        String alias,
        List<KeyColumn> sourceKey,
        List<TargetColumn> columns,
        List<String> selects,
        List<Expression> addresses,
        OptionalInt rangeColumn,
        int pairedColumns,
        String slot,
        String reject,
        String joins,
        String indexHint) {
    private static final String SHARD = "shard";

    /** A target column before its type is known. */
    private record Filled(String name, String expression, boolean key, boolean compared) {}

    static Projection forward(Topology topology, TablePlan table) throws SQLException {
        MigrationPlan plan = topology.plan();
        try (Connection source = topology.database(DatabaseId.OLD).getConnection();
                Connection target = topology.database(plan.databaseOf(table, 0)).getConnection()) {
            TableSchema from = TableSchema.read(source, table.fromTable());
            TableSchema into = TableSchema.read(target, plan.physicalTable(table, 0));
            List<Filled> filled = new ArrayList<>();
            table.key().forEach((name, expression) -> filled.add(new Filled(name, expression, true, true)));
            table.columns().forEach((name, expression) -> filled.add(new Filled(name, expression, false, true)));
            table.onlyNew().forEach((name, expression) -> filled.add(new Filled(name, expression, false, false)));
            String slot = table.dynamic() ? plan.layout().slotSql(shardKey(from, table)) : "0";
            String joins = table.joins().stream().map(ProjectionDraft::join).collect(Collectors.joining());
            return make(
                    new Sides(table, true, "s", source, from, target, into),
                    table.fromKey(),
                    filled,
                    new Shape(slot, joins, plan.layout().slots()));
        }
    }

    static Projection backward(Topology topology, TablePlan table) throws SQLException {
        MigrationPlan plan = topology.plan();
        if (!table.dynamic()) {
            throw new ProjectionRefusedException("The static table " + table.name()
                    + " has no way back; it is copied once and never changes on NEW.");
        }
        try (Connection source = topology.database(plan.databaseOf(table, 0)).getConnection();
                Connection target = topology.database(DatabaseId.OLD).getConnection()) {
            TableSchema from = TableSchema.read(source, plan.physicalTable(table, 0));
            TableSchema into = TableSchema.read(target, table.fromTable());
            List<Filled> filled = new ArrayList<>();
            table.backKey().forEach((name, expression) -> filled.add(new Filled(name, expression, true, true)));
            table.back().forEach((name, expression) -> filled.add(new Filled(name, expression, false, true)));
            requireWhole(table, into, filled);
            return make(
                    new Sides(table, false, "n", source, from, target, into),
                    table.newKey(),
                    filled,
                    new Shape("0", "", plan.layout().slots()));
        }
    }

    private record Sides(
            TablePlan table,
            boolean forward,
            String alias,
            Connection source,
            TableSchema from,
            Connection target,
            TableSchema into) {}

    private record Shape(String slot, String joins, int slots) {}

    private static Projection make(Sides sides, List<String> keyNames, List<Filled> filled, Shape shape)
            throws SQLException {
        List<KeyColumn> sourceKey = new ArrayList<>();
        for (String name : keyNames) {
            sourceKey.add(KeyColumn.of(sides.from(), name));
        }
        List<TargetColumn> columns = new ArrayList<>();
        List<String> raw = new ArrayList<>();
        List<Expression> addresses = new ArrayList<>();
        for (Filled column : filled) {
            TableSchema.Column schema = sides.into()
                    .column(column.name())
                    .orElseThrow(() -> new ProjectionRefusedException("The plan fills the column '" + column.name()
                            + "' of " + sides.into().table() + ", which has only "
                            + sides.into().columns().stream()
                                    .map(TableSchema.Column::name)
                                    .toList()
                            + ". Create it, or correct the plan."));
            if (schema.generated() && !column.key()) {
                continue;
            }
            Expression expression = Expression.parse(column.expression());
            columns.add(new TargetColumn(schema.name(), schema, column.key(), column.compared(), Notation.of(schema)));
            raw.add(overRow(expression, sides.alias(), shape.slot()));
            if (column.key()) {
                addresses.add(expression);
            }
        }
        String hint = indexHint(sides.from(), keyNames);
        String from = Identifier.quote(sides.from().table()) + " " + sides.alias() + hint + shape.joins();
        String reject = sides.forward() ? reject(sides.table(), sides.alias(), shape.slot()) : "NULL";
        List<String> selects = selects(sides, columns, raw, from, reject);
        OptionalInt rangeColumn = sides.forward() && sourceKey.get(0).kind() == KeyColumn.Kind.INTEGER
                ? rangeColumn(sides.target(), sourceKey.get(0).name(), columns, addresses, shape.slots())
                : OptionalInt.empty();
        int pairedColumns = sides.forward() && takenOver(sourceKey, columns, addresses)
                ? sourceKey.size()
                : rangeColumn.isPresent() ? 1 : 0;
        return new Projection(new ProjectionDraft(
                sides.table(),
                sides.forward(),
                sides.alias(),
                List.copyOf(sourceKey),
                List.copyOf(columns),
                List.copyOf(selects),
                List.copyOf(addresses),
                rangeColumn,
                pairedColumns,
                shape.slot(),
                reject,
                shape.joins(),
                hint));
    }

    /** What a reader selects. */
    String selectList() {
        List<String> list = new ArrayList<>();
        sourceKey.forEach(key -> list.add(key.select(alias)));
        list.add(slot);
        list.add(reject);
        list.addAll(selects);
        return String.join(", ", list);
    }

    // An empty result carries the types of its columns, and MySQL has checked every name on the way.
    private static List<String> selects(
            Sides sides, List<TargetColumn> columns, List<String> raw, String from, String reject) throws SQLException {
        String sql = "SELECT " + String.join(", ", raw) + ", " + reject + " FROM " + from + " LIMIT 0";
        try (Statement statement = sides.source().createStatement();
                ResultSet empty = statement.executeQuery(sql)) {
            List<String> selects = new ArrayList<>();
            for (int i = 0; i < columns.size(); i++) {
                TargetColumn column = columns.get(i);
                ExpressionType type = ExpressionType.of(empty.getMetaData(), i + 1, utf8(sides, raw.get(i)));
                selects.add(column.notation().select(raw.get(i), type, column.schema()));
            }
            return selects;
        } catch (SQLException e) {
            if (e.getSQLState() != null && e.getSQLState().startsWith("08")) {
                throw e;
            }
            throw new ProjectionRefusedException(
                    "MySQL refuses the " + (sides.forward() ? "forward" : "backward") + " projection of "
                            + sides.table().name() + ": " + e.getMessage()
                            + ". Correct the expression in the plan. The statement was: " + sql,
                    e);
        }
    }

    // A bare column of the row itself; what expressions make of character sets is left to CONVERT.
    private static boolean utf8(Sides sides, String expression) {
        return sides.from().columns().stream()
                .filter(column -> expression.equals(sides.alias() + "." + column.name())
                        || expression.equals(sides.alias() + "." + Identifier.quote(column.name())))
                .anyMatch(ExpressionType::utf8);
    }

    private static String overRow(Expression expression, String alias, String slot) {
        return expression.render(name -> name.equals(SHARD) ? slot : alias + "." + Identifier.quote(name));
    }

    private static String join(Join join) {
        return " LEFT JOIN " + Identifier.quote(join.table()) + " " + Identifier.quote(join.alias()) + " ON ("
                + join.on() + ")";
    }

    private static String reject(TablePlan table, String alias, String slot) {
        StringBuilder cases = new StringBuilder();
        if (table.dynamic()) {
            cases.append(" WHEN ").append(slot).append(" IS NULL THEN 'null_shard_key'");
        }
        for (Reject reject : table.rejects()) {
            String when = overRow(Expression.parse(reject.when()), alias, slot);
            cases.append(" WHEN (")
                    .append(when)
                    .append(") THEN '")
                    .append(reject.reason())
                    .append("'");
        }
        return cases.isEmpty() ? "NULL" : "CASE" + cases + " END";
    }

    // Leading zeros would be hashed too, and no other writer of the key would print them.
    private static String shardKey(TableSchema from, TablePlan table) {
        String name = String.valueOf(table.shardBy());
        TableSchema.Column column = from.column(name)
                .orElseThrow(() -> new ProjectionRefusedException("The shard key '" + name + "' is no column of "
                        + from.table() + ". Name one of its columns in shardBy."));
        if (!column.integer() && !column.text()) {
            throw new ProjectionRefusedException("The shard key " + from.table() + "." + name + " is of type "
                    + column.columnType() + ". A shard key is an integer or text.");
        }
        String expression = "s." + Identifier.quote(column.name());
        return column.zerofill() ? "(" + expression + " + 0)" : expression;
    }

    // Ranges and keys must never be answered by a scan, however small the optimizer thinks the table is.
    private static String indexHint(TableSchema from, List<String> key) {
        List<String> primary = from.primaryKey().stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .toList();
        List<String> used =
                key.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
        return !primary.isEmpty() && primary.equals(used) ? " FORCE INDEX (PRIMARY)" : "";
    }

    private static void requireWhole(TablePlan table, TableSchema old, List<Filled> filled) {
        Set<String> missing = new TreeSet<>();
        for (TableSchema.Column column : old.columns()) {
            boolean given = filled.stream()
                    .anyMatch(one -> one.name()
                            .toLowerCase(Locale.ROOT)
                            .equals(column.name().toLowerCase(Locale.ROOT)));
            if (!given && !column.generated()) {
                missing.add(column.name());
            }
        }
        if (!missing.isEmpty()) {
            throw new ProjectionRefusedException("The way back of " + table.name() + " does not restore "
                    + String.join(", ", missing) + " of " + old.table()
                    + ", so a rollback would lose them. Give each an expression in 'back'.");
        }
    }

    // The target's key is the source's, column for column, and lies in the same order.
    private static boolean takenOver(
            List<KeyColumn> sourceKey, List<TargetColumn> columns, List<Expression> addresses) {
        return addresses.size() == sourceKey.size()
                && IntStream.range(0, addresses.size())
                        .allMatch(i -> addresses
                                        .get(i)
                                        .isPlaceholder(sourceKey.get(i).name())
                                && sourceKey.get(i).orderedLike(columns.get(i).schema()));
    }

    // Which key column grows with the leading source key column is tried out, on two slots and from 1 to 2^40.
    private static OptionalInt rangeColumn(
            Connection target, String leading, List<TargetColumn> columns, List<Expression> addresses, int slots)
            throws SQLException {
        for (int i = 0; i < addresses.size(); i++) {
            Set<String> names = new TreeSet<>(addresses.get(i).placeholders());
            names.remove(SHARD);
            if (columns.get(i).schema().integer()
                    && names.equals(Set.of(leading))
                    && grows(target, addresses.get(i), 0)
                    && grows(target, addresses.get(i), slots - 1)) {
                return OptionalInt.of(i);
            }
        }
        return OptionalInt.empty();
    }

    private static boolean grows(Connection target, Expression address, int slot) throws SQLException {
        Map<Long, String> points = new LinkedHashMap<>();
        for (long point : new long[] {1, 2, 3, 1000, 1001, Integer.MAX_VALUE, 1L << 40}) {
            points.put(
                    point, address.render(name -> name.equals(SHARD) ? Integer.toString(slot) : Long.toString(point)));
        }
        List<String> values = List.copyOf(points.values());
        List<String> steps = new ArrayList<>();
        for (int i = 1; i < values.size(); i++) {
            steps.add("(" + values.get(i - 1) + ") < (" + values.get(i) + ")");
        }
        try (Statement statement = target.createStatement();
                ResultSet row = statement.executeQuery("SELECT " + String.join(" AND ", steps))) {
            row.next();
            return row.getBoolean(1);
        }
    }
}
