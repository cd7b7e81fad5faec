package dev.cutover.migrator.stream;

import dev.cutover.core.plan.Join;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which tables a stream watches, from the plan; one source table may mean several things. Immutable. */
final class WatchedTables {
    static final String MARKER_TABLE = "cutover_marker";

    private final Map<TableName, List<WatchedTable>> tables;

    private WatchedTables(Map<TableName, List<WatchedTable>> tables) {
        this.tables = tables;
    }

    /** A table of a server. */
    record TableName(String schema, String table) {
        @Override
        public String toString() {
            return schema + "." + table;
        }
    }

    /** The stream out of OLD. */
    static WatchedTables forward(MigrationPlan plan) {
        String schema = plan.old().schema();
        Map<TableName, List<WatchedTable>> tables = new LinkedHashMap<>();
        for (TablePlan table : plan.tables()) {
            TableName name = new TableName(schema, table.fromTable());
            String shardBy = table.shardBy();
            if (table.dynamic() && shardBy != null) {
                add(tables, name, new WatchedTable.Routed(table.name(), table.fromKey(), shardBy, plan.layout()));
            } else {
                Set<String> columns = new LinkedHashSet<>(table.fromKey());
                columns.addAll(columnsOf("s", expressions(table)));
                table.counters().forEach(columns::remove);
                add(tables, name, new WatchedTable.Frozen("static table " + table.name(), columns));
            }
            for (Join join : table.joins()) {
                List<String> expressions = new ArrayList<>(expressions(table));
                table.joins().forEach(other -> expressions.add(other.on()));
                Set<String> columns = columnsOf(join.alias(), expressions);
                counters(plan, join.table()).forEach(columns::remove);
                add(
                        tables,
                        new TableName(schema, join.table()),
                        new WatchedTable.Frozen("looked up by " + table.name(), columns));
            }
        }
        add(tables, new TableName(schema, MARKER_TABLE), new WatchedTable.Markers());
        return new WatchedTables(tables);
    }

    private static List<String> counters(MigrationPlan plan, String oldTable) {
        return plan.tables().stream()
                .filter(table -> table.fromTable().equals(oldTable))
                .flatMap(table -> table.counters().stream())
                .toList();
    }

    /** The stream out of one server of NEW. */
    static WatchedTables reverse(MigrationPlan plan, ServerAddress server) {
        Map<TableName, List<WatchedTable>> tables = new LinkedHashMap<>();
        List<DatabaseId> shards = plan.shardDatabases();
        for (DatabaseId database : server.databases()) {
            String schema = plan.endpoint(database).schema();
            add(tables, new TableName(schema, MARKER_TABLE), new WatchedTable.Markers());
            int number = shards.indexOf(database);
            if (number < 0) {
                continue;
            }
            for (TablePlan table : plan.dynamicTables()) {
                String route = routeColumn(table);
                for (int physical = 0; physical < plan.layout().tables(); physical++) {
                    int slot = number * plan.layout().tables() + physical;
                    add(
                            tables,
                            new TableName(schema, plan.physicalTable(table, slot)),
                            new WatchedTable.Placed(table.name(), table.newKey(), route, slot));
                }
            }
        }
        return new WatchedTables(tables);
    }

    List<WatchedTable> of(TableName name) {
        return tables.getOrDefault(name, List.of());
    }

    Set<TableName> names() {
        return tables.keySet();
    }

    Set<String> schemas() {
        return tables.keySet().stream().map(TableName::schema).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    Set<String> columns(TableName name) {
        return of(name).stream()
                .flatMap(table -> table.columns().stream())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** The NEW column that carries the shard key. */
    private static @Nullable String routeColumn(TablePlan table) {
        String shardBy = table.shardBy();
        for (Map<String, String> columns : List.of(table.key(), table.columns())) {
            for (Map.Entry<String, String> column : columns.entrySet()) {
                if (column.getValue().equals("s." + shardBy)
                        || column.getValue().equals("{" + shardBy + "}")) {
                    return column.getKey();
                }
            }
        }
        return null;
    }

    private static List<String> expressions(TablePlan table) {
        List<String> expressions = new ArrayList<>(table.columns().values());
        expressions.addAll(table.onlyNew().values());
        table.rejects().forEach(reject -> expressions.add(reject.when()));
        return expressions;
    }

    // Text in quotes that looks like a column only widens the watch.
    private static Set<String> columnsOf(String alias, Collection<String> expressions) {
        Pattern column = Pattern.compile("\\b" + Pattern.quote(alias) + "`?\\.`?([A-Za-z0-9_$]+)");
        return expressions.stream()
                .flatMap(expression -> column.matcher(expression).results())
                .map((MatchResult match) -> match.group(1))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static void add(Map<TableName, List<WatchedTable>> tables, TableName name, WatchedTable table) {
        tables.computeIfAbsent(name, any -> new ArrayList<>()).add(table);
    }
}
