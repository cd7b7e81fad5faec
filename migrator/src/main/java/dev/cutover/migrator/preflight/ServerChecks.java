package dev.cutover.migrator.preflight;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a server must be and allow. Stateless. */
final class ServerChecks {
    private static final int DAY_SECONDS = 86_400;

    private ServerChecks() {}

    // A third of what the copy reached on two cores (docs/performance.md).
    private static final long CAUTIOUS_ROWS_A_SECOND = 10_000;
    private static final Map<String, String> NEEDED_LATER = neededLater();
    private static final List<String> ON_A_SCHEMA =
            List.of("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "LOCK TABLES");

    private static Map<String, String> neededLater() {
        Map<String, String> needed = new LinkedHashMap<>();
        needed.put("PROCESS", "a switch looks for transactions that stand in its way");
        needed.put("XA_RECOVER_ADMIN", "a switch is refused while nobody can say whether XA transactions are open");
        needed.put("CONNECTION_ADMIN", "a switch cannot end connections that hold its fence");
        needed.put("SESSION_VARIABLES_ADMIN", "sessions cannot be pinned against settings of the server");
        return needed;
    }

    /** Once a server, OLD's first, on any of its databases. */
    @FunctionalInterface
    private interface OnServer {
        void look(Connection connection, String subject) throws SQLException;
    }

    private static void eachServer(Topology topology, OnServer look) throws SQLException {
        List<ServerAddress> servers = new ArrayList<>(topology.servers(Side.OLD));
        servers.addAll(topology.servers(Side.NEW));
        for (ServerAddress server : servers) {
            try (Connection connection =
                    topology.database(server.databases().get(0)).getConnection()) {
                look.look(connection, server.host() + ":" + server.port());
            }
        }
    }

    static void reachable(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        for (DatabaseId database : plan.databases()) {
            String subject = plan.endpoint(database).describe();
            try (Connection connection = topology.database(database).getConnection()) {
                findings.ok(subject, "answers, server " + Query.one(connection, "SELECT @@server_uuid"));
            } catch (UnreachableException | SQLException e) {
                findings.fail(
                        subject,
                        "does not answer: " + e.getMessage(),
                        "Start the server, create the schema, or correct address and account in the plan.");
            }
        }
    }

    static void version(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        eachServer(topology, (connection, subject) -> {
            String version = Query.one(connection, "SELECT @@version");
            int major = Integer.parseInt(version.split("\\.", 2)[0].replaceAll("\\D", "0"));
            findings.require(
                    major >= 8 && !version.contains("MariaDB"),
                    subject,
                    "MySQL " + version,
                    "is " + version + ", not MySQL 8.0 or newer",
                    "Upgrade it: locks, GTIDs and FOR SHARE are relied on as MySQL 8.0 has them.");
        });
    }

    static void binlog(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        eachServer(topology, (connection, subject) -> {
            variable(connection, findings, subject, "log_bin", "1", "the stream reads the binlog");
            variable(connection, findings, subject, "binlog_format", "ROW", "rows are needed, not statements");
            variable(connection, findings, subject, "binlog_row_image", "FULL", "keys and watched columns are needed");
            variable(connection, findings, subject, "binlog_row_value_options", "", "whole values are needed");
            variable(connection, findings, subject, "gtid_mode", "ON", "positions are GTID sets");
            variable(
                    connection,
                    findings,
                    subject,
                    "binlog_order_commits",
                    "1",
                    "a position must mean everything before it");
        });
    }

    private static void variable(
            Connection connection, Findings findings, String subject, String name, String wanted, String why)
            throws SQLException {
        String found = Query.one(connection, "SELECT @@global." + name);
        findings.require(
                found.equals(wanted),
                subject,
                name + " = " + found,
                name + " = " + found + ", but " + why,
                "Set " + name + " to " + wanted + " and keep it so until the migration is completed.");
    }

    static void durability(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        eachServer(topology, (connection, subject) -> {
            for (String name : List.of("sync_binlog", "innodb_flush_log_at_trx_commit")) {
                String found = Query.one(connection, "SELECT @@global." + name);
                if (found.equals("1")) {
                    findings.ok(subject, name + " = 1");
                } else {
                    findings.warning(
                            subject,
                            name + " = " + found + ": a crash of the server may lose acknowledged writes",
                            "Set " + name + " = 1 for the time of the migration, or accept the weaker promise.");
                }
            }
        });
    }

    static void retention(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        long rows = 0;
        try (Connection old = topology.database(DatabaseId.OLD).getConnection()) {
            for (TablePlan table : plan.dynamicTables()) {
                String counted = Query.one(
                        old,
                        "SELECT table_rows FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
                        table.fromTable());
                rows += counted.isEmpty() ? 0 : Long.parseLong(counted);
            }
        }
        long copying = rows / CAUTIOUS_ROWS_A_SECOND;
        long wanted = Math.max(DAY_SECONDS, 2 * copying);
        String copy = "a copy of about " + rows + " rows may take " + Math.max(1, copying / 60) + " min";
        eachServer(topology, (connection, subject) -> {
            long seconds = Long.parseLong(Query.one(connection, "SELECT @@global.binlog_expire_logs_seconds"));
            if (seconds == 0 || seconds >= wanted) {
                findings.ok(
                        subject,
                        "binlogs are kept " + (seconds == 0 ? "until purged" : seconds / 3600 + " h") + "; " + copy);
            } else {
                findings.warning(
                        subject,
                        "binlogs are kept for " + seconds + " s only; " + copy
                                + ", and a stream that is down longer than they are kept has to copy again",
                        "SET PERSIST binlog_expire_logs_seconds = " + wanted + "   until the migration is completed");
            }
        });
    }

    // No server says how much room its disk has, so this only tells what is needed.
    static void disk(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        long bytes = 0;
        try (Connection old = topology.database(DatabaseId.OLD).getConnection()) {
            for (TablePlan table : plan.tables()) {
                String size = Query.one(
                        old,
                        "SELECT data_length + index_length FROM information_schema.tables WHERE table_schema = DATABASE()"
                                + " AND table_name = ?",
                        table.fromTable());
                bytes += size.isEmpty() ? 0 : Long.parseLong(size);
            }
        }
        findings.ok(
                plan.migration(),
                "about " + Math.max(1, bytes >> 20)
                        + " MB of rows and indexes are copied; see that the servers of NEW have"
                        + " twice that together, for their binlogs hold each row once more");
    }

    static void timeZones(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        String[] olds = {""};
        eachServer(topology, (connection, subject) -> {
            // In winter and in summer; a zone without a name in the server's tables is told apart by its text.
            String zone = Query.one(
                    connection,
                    "SELECT COALESCE(CONCAT(" + offset("2026-01-15 12:00:00") + ", IF(" + offset("2026-01-15 12:00:00")
                            + " = "
                            + offset("2026-07-15 12:00:00") + ", '', CONCAT(' and ', " + offset("2026-07-15 12:00:00")
                            + "))), @@global.time_zone)");
            if (olds[0].isEmpty()) {
                olds[0] = zone;
            }
            if (zone.equals(olds[0])) {
                findings.ok(subject, "sessions begin " + zone + " from UTC");
            } else {
                findings.warning(
                        subject,
                        "sessions begin " + zone + " from UTC, those of OLD " + olds[0]
                                + ": what the application takes from NOW() changes with the switch",
                        "Set time_zone alike in the servers, or in every session of the application. What Cutover moves is"
                                + " not touched: its own sessions are in UTC.");
            }
        });
    }

    private static String offset(String at) {
        return "TIMEDIFF(CONVERT_TZ('" + at + "', '+00:00', @@global.time_zone), '" + at + "')";
    }

    static void packets(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        long[] olds = {-1};
        eachServer(topology, (connection, subject) -> {
            long packet = Long.parseLong(Query.one(connection, "SELECT @@global.max_allowed_packet"));
            olds[0] = olds[0] < 0 ? packet : olds[0];
            if (packet >= olds[0]) {
                findings.ok(subject, "max_allowed_packet = " + packet);
            } else {
                findings.warning(
                        subject,
                        "max_allowed_packet = " + packet + ", OLD's is " + olds[0]
                                + ": a row that OLD takes may be too large for it, and stops the stream",
                        "SET PERSIST max_allowed_packet = " + olds[0] + "   on it");
            }
        });
    }

    static void xa(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        eachServer(topology, (connection, subject) -> {
            List<List<String>> used = Query.rows(connection, "SHOW GLOBAL STATUS LIKE 'Com_xa_prepare'");
            String count = used.isEmpty() ? "0" : used.get(0).get(1);
            if (count.equals("0")) {
                findings.ok(subject, "no XA transaction was prepared since its start");
            } else {
                findings.warning(
                        subject,
                        count
                                + " XA transactions were prepared since its start; the stream stops at one on a migrated table",
                        "Find who uses XA; move it off the migrated tables before dual writing.");
            }
        });
    }

    static void grants(MigrationPlan plan, Topology topology, Findings findings) throws SQLException {
        eachServer(topology, (connection, subject) -> {
            tried(connection, findings, subject, "SHOW MASTER STATUS", "SHOW BINARY LOG STATUS", "REPLICATION CLIENT");
            Privileges privileges = Privileges.of(connection);
            findings.require(
                    privileges.everywhere("REPLICATION SLAVE"),
                    subject,
                    "REPLICATION SLAVE is granted",
                    "REPLICATION SLAVE is not granted to the account",
                    "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO the account: the stream reads the binlog.");
            NEEDED_LATER.forEach((privilege, why) -> {
                if (!privileges.everywhere(privilege)) {
                    findings.warning(
                            subject,
                            privilege + " is not granted to the account: " + why,
                            "GRANT " + privilege + " ON *.* TO the account.");
                }
            });
            List<String> excessive = privileges.excessive();
            if (excessive.isEmpty()) {
                findings.ok(subject, "the account has no more than it needs");
            } else {
                findings.warning(
                        subject,
                        "the account has more than it needs: " + String.join(", ", excessive),
                        "Give the migration an account of its own: SELECT, RELOAD, PROCESS, LOCK TABLES, SHOW DATABASES, CREATE,"
                                + " REPLICATION SLAVE, REPLICATION CLIENT, XA_RECOVER_ADMIN, SESSION_VARIABLES_ADMIN,"
                                + " CONNECTION_ADMIN ON *.*, and ALL on its schemas.");
            }
        });
        for (DatabaseId database : plan.databases()) {
            writable(topology, plan, database, findings);
        }
    }

    private static void tried(
            Connection connection, Findings findings, String subject, String sql, String orElse, String grant) {
        try {
            Query.rows(connection, sql);
            findings.ok(subject, grant + " is granted");
        } catch (SQLException first) {
            try {
                Query.rows(connection, orElse);
                findings.ok(subject, grant + " is granted");
            } catch (SQLException e) {
                findings.fail(
                        subject,
                        grant + " is missing: " + e.getMessage(),
                        "GRANT " + grant + " ON *.* TO the account.");
            }
        }
    }

    // A temporary table tries what can be tried without leaving a trace; the fence's own tables need CREATE once.
    private static void writable(Topology topology, MigrationPlan plan, DatabaseId database, Findings findings) {
        String subject = plan.endpoint(database).describe();
        try (Connection connection = topology.database(database).getConnection()) {
            Privileges privileges = Privileges.of(connection);
            List<String> missing = ON_A_SCHEMA.stream()
                    .filter(privilege -> !privileges.onSchema(privilege))
                    .toList();
            if (!missing.isEmpty()) {
                findings.warning(
                        subject,
                        "on its schema the account seems to lack " + String.join(", ", missing),
                        "GRANT " + String.join(", ", missing) + " ON its schema TO the account.");
            }
            boolean installed = Query.any(
                    connection,
                    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'cutover_fence'");
            if (installed) {
                connection.setAutoCommit(false);
                Query.rows(connection, "SELECT epoch FROM cutover_fence WHERE id = 1 FOR UPDATE");
                connection.rollback();
                connection.setAutoCommit(true);
                findings.ok(subject, "the fence can be locked");
            } else {
                findings.ok(
                        subject,
                        "the fence is not installed yet; 'cutover init' needs CREATE, then DML and LOCK TABLES");
            }
        } catch (SQLException | UnreachableException e) {
            findings.fail(
                    subject,
                    "the account cannot work there: " + e.getMessage(),
                    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, LOCK TABLES ON its schema TO the account.");
        }
    }
}
