package dev.cutover.migrator.preflight;

import dev.cutover.core.fence.TriggerFence;
import dev.cutover.core.plan.Join;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.Projection;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What the tables of the plan must look like on both sides. Stateless. */
final class TableChecks {
    private TableChecks() {}

    static void sources(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        try (Connection old = topology.database(DatabaseId.OLD).getConnection()) {
            for (TablePlan table : plan.tables()) {
                source(old, table, findings);
            }
        }
    }

    private static void source(Connection old, TablePlan table, Findings findings) throws SQLException {
        String subject = "old " + table.fromTable();
        String engine = Query.one(
                old,
                "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
                        + " AND table_type = 'BASE TABLE'",
                table.fromTable());
        if (engine.isEmpty()) {
            findings.fail(subject, "there is no such table", "Correct 'from: {table: …}' of " + table.name() + ".");
            return;
        }
        List<String> primary = columns(old, table.fromTable(), "PRIMARY");
        if (primary.isEmpty()) {
            findings.fail(
                    subject,
                    "table " + table.fromTable() + " has no primary key, so a change of a row cannot be named",
                    "Add a primary key to it before migrating, or leave the table out of the plan.");
        } else if (!uniqueKeys(old, table.fromTable()).contains(new LinkedHashSet<>(lower(table.fromKey())))) {
            findings.fail(
                    subject,
                    "the plan's key " + table.fromKey() + " is no unique key of the table; its primary key is "
                            + primary,
                    "Write key: " + primary + " in 'from' of " + table.name() + ".");
        } else {
            findings.ok(subject, "key " + table.fromKey());
        }
        if (engine.equalsIgnoreCase("InnoDB")) {
            findings.ok(subject, "InnoDB");
        } else if (table.dynamic()) {
            findings.fail(
                    subject,
                    "is a " + engine + " table: it has no transactions, so no consistent stream",
                    "ALTER TABLE " + table.fromTable() + " ENGINE=InnoDB before migrating.");
        } else {
            findings.warning(
                    subject,
                    "is a " + engine
                            + " table; it is copied while frozen, but nothing stops a writer in the middle of it",
                    "Freeze it well, or ALTER TABLE " + table.fromTable() + " ENGINE=InnoDB.");
        }
    }

    static void triggers(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        for (DatabaseId database : plan.databases()) {
            Set<String> ours = database.equals(DatabaseId.OLD) ? sourceTables(plan) : targetTables(plan, database);
            try (Connection connection = topology.database(database).getConnection()) {
                int found = 0;
                TriggerFence fence = TriggerFence.of(plan, database);
                for (List<String> trigger : Query.rows(
                        connection,
                        "SELECT trigger_name, event_object_table, action_statement FROM information_schema.triggers"
                                + " WHERE trigger_schema = DATABASE()")) {
                    if (ours.contains(trigger.get(1).toLowerCase(Locale.ROOT))
                            && !fence.owns(trigger.get(0), trigger.get(2))) {
                        found++;
                        findings.fail(
                                database + " " + trigger.get(1),
                                "has the trigger " + trigger.get(0)
                                        + ", which would run again for rows the applier writes",
                                "Move what it does into the application and drop it.");
                    }
                }
                if (found == 0) {
                    findings.ok(database.name(), "no triggers on migrated tables but the fence's own");
                }
                TriggerFence.State state = fence.state(connection);
                if (plan.fence().triggers() && !state.whole()) {
                    findings.warning(
                            database.name(),
                            state.missing().size() + " triggers of the fence are missing, "
                                    + state.altered().size() + " were altered; the plan wants them before a switch",
                            "cutover fence install");
                }
            }
        }
    }

    static void foreignKeys(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        for (DatabaseId database : plan.databases()) {
            Set<String> ours = database.equals(DatabaseId.OLD) ? sourceTables(plan) : targetTables(plan, database);
            try (Connection connection = topology.database(database).getConnection()) {
                int found = 0;
                for (List<String> key : Query.rows(
                        connection,
                        "SELECT constraint_name, table_name, delete_rule, update_rule FROM"
                                + " information_schema.referential_constraints WHERE constraint_schema = DATABASE()")) {
                    boolean acts = !Set.of("RESTRICT", "NO ACTION").contains(key.get(2))
                            || !Set.of("RESTRICT", "NO ACTION").contains(key.get(3));
                    if (acts && ours.contains(key.get(1).toLowerCase(Locale.ROOT))) {
                        found++;
                        findings.fail(
                                database + " " + key.get(1),
                                "foreign key " + key.get(0)
                                        + " changes rows by itself (ON DELETE/UPDATE), which the binlog does not tell",
                                "Drop it, or make it RESTRICT and delete children in the application.");
                    }
                }
                if (found == 0) {
                    findings.ok(database.name(), "no cascading foreign keys on migrated tables");
                }
            }
        }
    }

    static void projections(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        for (TablePlan table : plan.tables()) {
            try {
                Projection projection = Projection.forward(topology, table);
                try (Connection old = topology.database(DatabaseId.OLD).getConnection();
                        Statement statement = old.createStatement()) {
                    List<String> expressions = new ArrayList<>();
                    projection.columns().forEach(column -> expressions.add(projection.selectExpression(column.name())));
                    expressions.add(projection.slotExpression());
                    expressions.add(projection.rejectExpression());
                    statement.execute("SELECT " + String.join(", ", expressions) + " FROM " + projection.fromClause()
                            + " LIMIT 0");
                }
                findings.ok(table.name(), "MySQL accepts the projection to NEW");
                if (!projection.keysAreExact()) {
                    findings.warning(
                            table.name(),
                            "its key " + table.fromKey()
                                    + " is text that MySQL compares loosely (case, accents, trailing spaces); it is copied row by row",
                            "Nothing has to be done; the copy of this table is slower.");
                }
            } catch (RuntimeException | SQLException e) {
                findings.fail(
                        table.name(),
                        "the projection to NEW does not work: " + e.getMessage(),
                        "Correct 'columns', 'key' or 'reject' of " + table.name() + " in the plan.");
            }
        }
    }

    static void back(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        for (TablePlan table : plan.dynamicTables()) {
            try (Connection old = topology.database(DatabaseId.OLD).getConnection()) {
                Set<String> covered = new LinkedHashSet<>(lower(table.back().keySet()));
                covered.addAll(lower(table.backKey().keySet()));
                List<String> missing = Query.rows(
                                old,
                                "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
                                        + " AND table_name = ? AND extra NOT LIKE '%GENERATED%' ORDER BY ordinal_position",
                                table.fromTable())
                        .stream()
                        .map(row -> row.get(0))
                        .filter(column -> !covered.contains(column.toLowerCase(Locale.ROOT)))
                        .toList();
                if (!missing.isEmpty()) {
                    findings.fail(
                            table.name(),
                            "the way back does not fill " + missing + " of " + table.fromTable()
                                    + ": a rollback would lose them",
                            "Add them to 'back' of " + table.name() + ".");
                    continue;
                }
                Projection.backward(topology, table);
                findings.ok(table.name(), "the way back fills every column of " + table.fromTable());
            } catch (RuntimeException e) {
                findings.fail(
                        table.name(),
                        "the projection back does not work: " + e.getMessage(),
                        "Correct 'back' or 'backKey' of " + table.name() + " in the plan.");
            }
        }
    }

    static void targets(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        for (DatabaseId database : plan.newDatabases()) {
            try (Connection connection = topology.database(database).getConnection()) {
                Set<String> present = new LinkedHashSet<>(lower(Query.rows(
                                connection,
                                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
                        .stream()
                        .map(row -> row.get(0))
                        .toList()));
                List<String> missing = new ArrayList<>();
                List<String> filled = new ArrayList<>();
                for (String table : targetTables(plan, database)) {
                    if (!present.contains(table)) {
                        missing.add(table);
                    } else if (Query.any(connection, "SELECT 1 FROM " + Identifier.quote(table) + " LIMIT 1")) {
                        filled.add(table);
                    }
                }
                if (!missing.isEmpty()) {
                    findings.fail(
                            database.name(),
                            missing.size() + " tables are missing: " + some(missing),
                            "Create them from the schema of NEW.");
                } else if (!filled.isEmpty()) {
                    findings.warning(
                            database.name(),
                            filled.size() + " tables hold rows already: " + some(filled),
                            "A copy starts on empty tables: empty them, unless a copy or a stream is on its way.");
                } else {
                    findings.ok(database.name(), "all target tables are there and empty");
                }
            }
        }
    }

    private static String some(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(5, names.size()))) + (names.size() > 5 ? ", …" : "");
    }

    private static Set<String> sourceTables(MigrationPlan plan) {
        Set<String> tables = new LinkedHashSet<>();
        for (TablePlan table : plan.tables()) {
            tables.add(table.fromTable().toLowerCase(Locale.ROOT));
            for (Join join : table.joins()) {
                tables.add(join.table().toLowerCase(Locale.ROOT));
            }
        }
        return tables;
    }

    private static Set<String> targetTables(MigrationPlan plan, DatabaseId database) {
        Set<String> tables = new LinkedHashSet<>();
        int shard = plan.shardDatabases().indexOf(database);
        for (TablePlan table : plan.tables()) {
            if (!table.dynamic()) {
                if (database.equals(DatabaseId.META)) {
                    tables.add(table.name().toLowerCase(Locale.ROOT));
                }
            } else if (shard >= 0) {
                for (int physical = 0; physical < plan.layout().tables(); physical++) {
                    tables.add(plan.physicalTable(table, shard * plan.layout().tables() + physical)
                            .toLowerCase(Locale.ROOT));
                }
            }
        }
        return tables;
    }

    private static List<String> columns(Connection connection, String table, String index) throws SQLException {
        return lower(Query.rows(
                        connection,
                        "SELECT column_name FROM information_schema.statistics WHERE table_schema = DATABASE()"
                                + " AND table_name = ? AND index_name = ? ORDER BY seq_in_index",
                        table,
                        index)
                .stream()
                .map(row -> row.get(0))
                .toList());
    }

    private static List<Set<String>> uniqueKeys(Connection connection, String table) throws SQLException {
        List<Set<String>> keys = new ArrayList<>();
        for (List<String> index : Query.rows(
                connection,
                "SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = DATABASE()"
                        + " AND table_name = ? AND non_unique = 0",
                table)) {
            keys.add(new LinkedHashSet<>(columns(connection, table, index.get(0))));
        }
        return keys;
    }

    private static List<String> lower(Iterable<String> names) {
        List<String> lower = new ArrayList<>();
        names.forEach(name -> lower.add(name.toLowerCase(Locale.ROOT)));
        return lower;
    }
}
