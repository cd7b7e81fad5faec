package dev.cutover.migrator.preflight;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What keys must be like for rows to be found again, and to be spread evenly. Stateless. */
final class KeyChecks {
    /** So many rows of a table are looked at for the spread of its shard key. */
    static final int LOOKED_AT = 100_000;

    private static final int FEW_ROWS = 1_000;
    private static final int MUCH_PERCENT = 10;
    private static final Pattern PLAIN = Pattern.compile("\\{([A-Za-z0-9_$]+)}");

    private KeyChecks() {}

    static void shardKeys(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        try (Connection old = topology.database(DatabaseId.OLD).getConnection()) {
            for (TablePlan table : plan.dynamicTables()) {
                String shardBy = table.shardBy();
                if (shardBy == null) {
                    findings.fail(table.name(), "has no shardBy", "Name the column that routes its rows.");
                    continue;
                }
                nulls(old, table, shardBy, findings);
                spread(old, table, shardBy, findings);
                twins(old, table, shardBy, findings);
            }
        }
    }

    private static void nulls(Connection old, TablePlan table, String shardBy, Findings findings) throws SQLException {
        String nulls = Query.one(
                old,
                "SELECT COUNT(*) FROM " + Identifier.quote(table.fromTable()) + " WHERE " + Identifier.quote(shardBy)
                        + " IS NULL");
        if (nulls.equals("0")) {
            findings.ok(table.name(), "every row has a " + shardBy);
        } else {
            findings.warning(
                    table.name(),
                    nulls + " rows have no " + shardBy + " and go to quarantine as null_shard_key",
                    "Give them one, or expect them in the quarantine.");
        }
    }

    private static void spread(Connection old, TablePlan table, String shardBy, Findings findings) throws SQLException {
        List<List<String>> largest = Query.rows(
                old,
                "SELECT k, COUNT(*), SUM(COUNT(*)) OVER () FROM (" + looked(table, shardBy)
                        + ") looked WHERE k IS NOT NULL GROUP BY k ORDER BY 2 DESC LIMIT 1");
        if (largest.isEmpty()) {
            return;
        }
        long rows = Long.parseLong(largest.get(0).get(1));
        long of = Long.parseLong(largest.get(0).get(2));
        if (rows < FEW_ROWS || rows * 100 < of * MUCH_PERCENT) {
            findings.ok(table.name(), "no " + shardBy + " has " + MUCH_PERCENT + " % of its first " + of + " rows");
        } else {
            findings.warning(
                    table.name(),
                    shardBy + " " + largest.get(0).get(0) + " has " + rows + " of the first " + of
                            + " rows, and all of them go to one table of one database",
                    "Is it a customer, or what stands for nobody? Rows of nobody can be rejected in the plan.");
        }
    }

    private static void twins(Connection old, TablePlan table, String shardBy, Findings findings) throws SQLException {
        String collation = collation(old, table.fromTable(), shardBy);
        if (collation.isEmpty() || collation.endsWith("_bin") || collation.equals("binary")) {
            return;
        }
        List<List<String>> twins = Query.rows(
                old,
                "SELECT MIN(BINARY k), MAX(BINARY k) FROM (" + looked(table, shardBy)
                        + ") looked WHERE k IS NOT NULL GROUP BY k HAVING MIN(BINARY k) <> MAX(BINARY k) LIMIT 1");
        if (twins.isEmpty()) {
            findings.ok(table.name(), "each " + shardBy + " of its first rows is written in one way");
        } else {
            findings.warning(
                    table.name(),
                    "'" + twins.get(0).get(0) + "' and '" + twins.get(0).get(1) + "' are one " + shardBy + " on OLD ("
                            + collation + "), and go to different tables on NEW: its hash is of the bytes",
                    "Write each in one way on OLD, and let the application do so, before the copy.");
        }
    }

    private static String looked(TablePlan table, String shardBy) {
        return "SELECT " + Identifier.quote(shardBy) + " k FROM " + Identifier.quote(table.fromTable()) + " LIMIT "
                + LOOKED_AT;
    }

    static void collations(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        for (TablePlan table : plan.dynamicTables()) {
            try (Connection old = topology.database(DatabaseId.OLD).getConnection();
                    Connection target =
                            topology.database(plan.databaseOf(table, 0)).getConnection()) {
                boolean alike = true;
                for (Map.Entry<String, String> key : table.key().entrySet()) {
                    Matcher plain = PLAIN.matcher(key.getValue());
                    if (!plain.matches()) {
                        continue;
                    }
                    String from = collation(old, table.fromTable(), plain.group(1));
                    String to = collation(target, plan.physicalTable(table, 0), key.getKey());
                    if (!from.isEmpty() && !to.isEmpty() && !from.equals(to)) {
                        alike = false;
                        findings.warning(
                                table.name(),
                                "key " + key.getKey() + " is " + to + " on NEW and " + from
                                        + " on OLD: what one side keeps apart may be one key on the other",
                                "Create the tables of NEW with " + from + " for it.");
                    }
                }
                if (alike) {
                    findings.ok(table.name(), "keys compare alike on both sides");
                }
            }
        }
    }

    /** Empty for what is no text, and for what is not there. */
    private static String collation(Connection connection, String table, String column) throws SQLException {
        return Query.one(
                connection,
                "SELECT collation_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?"
                        + " AND column_name = ?",
                table,
                column);
    }
}
