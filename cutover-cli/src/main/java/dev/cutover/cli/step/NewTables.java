package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.OwnMark;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** Empties tables of NEW, and only while NEW is not the truth. */
final class NewTables {
    private NewTables() {}

    /** Empties the static tables in meta. */
    static void emptyStatic(StepContext context, Epoch epoch) throws SQLException {
        List<String> tables =
                context.plan().staticTables().stream().map(TablePlan::name).toList();
        empty(context, DatabaseId.META, epoch, tables);
    }

    /** Empties every physical table of the dynamic tables, and what a copy noted about them. */
    static void emptyDynamic(StepContext context, Epoch epoch) throws SQLException {
        int perDatabase = context.plan().layout().tables();
        List<Callable<Void>> tasks = new ArrayList<>();
        for (DatabaseId database : context.plan().shardDatabases()) {
            List<String> tables = new ArrayList<>();
            for (TablePlan table : context.plan().dynamicTables()) {
                for (int number = 0; number < perDatabase; number++) {
                    tables.add(context.plan().layout().physicalTable(table.name(), number));
                }
            }
            tables.add("cutover_quarantine");
            tasks.add(() -> {
                empty(context, database, epoch, tables);
                return null;
            });
        }
        Together.call(context.threads(), tasks);
    }

    // DELETE inside the fenced transaction where the table is small; TRUNCATE cannot be fenced, it commits first. The
    // command
    // lock keeps every switch away meanwhile, and the fence is read before each table.
    private static void empty(StepContext context, DatabaseId database, Epoch epoch, List<String> tables)
            throws SQLException {
        try (Connection connection = context.topology().database(database).getConnection()) {
            for (String table : tables) {
                connection.setAutoCommit(false);
                Fence.requireReplica(connection, epoch);
                boolean any;
                try (Statement statement = connection.createStatement();
                        var rows = statement.executeQuery("SELECT 1 FROM " + Identifier.quote(table) + " LIMIT 1")) {
                    any = rows.next();
                }
                connection.commit();
                connection.setAutoCommit(true);
                if (any) {
                    try (Statement statement = connection.createStatement()) {
                        statement.execute("TRUNCATE TABLE " + Identifier.quote(table) + " " + OwnMark.COMMENT);
                    }
                }
            }
        }
    }
}
