package dev.cutover.core.fence;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the definitions of the migrated tables of one database as they are, until it is closed. Owned by one thread at a time.
 *
 * <p><b>Idea.</b> An open transaction that has read a table holds its metadata lock: ALTER, DROP, RENAME, TRUNCATE and CREATE TRIGGER wait
 * for it, reads and writes of rows do not. So what was read about the tables after the locks were there stays true without being read again.
 *
 * <p><b>Invariant.</b> As long as {@link #held} says so, every definition is what {@link #definitions} gave. A session may be killed, so it is
 * asked again before anything relies on it.
 *
 * <p><b>What breaks without it.</b> Behind a definition change that waits, everybody who writes the table waits as well: whoever holds tables must
 * ask now and then who is {@link #waiting}, and let go.
 */
public final class HeldTables implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HeldTables.class);
    private static final int LOCK_WAIT_TIMEOUT = 1205;
    // One packet and its answers; a thousand tables are a dozen round trips.
    private static final int AT_ONCE = 100;

    // Whoever changes a definition holds one of these from beginning to end.
    private static final String CHANGING =
            "SELECT m.OBJECT_NAME, COALESCE(t.PROCESSLIST_ID, 0), COALESCE(LEFT(t.PROCESSLIST_INFO, 200), '')"
                    + " FROM performance_schema.metadata_locks m"
                    + " LEFT JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID"
                    + " WHERE m.OBJECT_TYPE = 'TABLE' AND m.OBJECT_SCHEMA = DATABASE()"
                    + " AND m.LOCK_TYPE IN ('SHARED_UPGRADABLE', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE', 'EXCLUSIVE')"
                    + " AND COALESCE(t.PROCESSLIST_ID, 0) <> CONNECTION_ID()";

    private final MigrationPlan plan;
    private final DatabaseId database;
    private final Set<String> tables;
    private final Connection session;

    private HeldTables(MigrationPlan plan, DatabaseId database, List<String> tables, Connection session) {
        this.plan = plan;
        this.database = database;
        this.tables = new TreeSet<>(tables);
        this.session = session;
    }

    /**
     * Holds every table, waiting for none of them for more than a second.
     *
     * @throws TablesNotHeldException when somebody is changing a definition, or keeps a table to himself; nothing is held then
     */
    public static HeldTables hold(Topology topology, DatabaseId database) throws SQLException {
        List<String> tables = TableDefinitions.tables(topology.plan(), database);
        Connection session = topology.pinnedMulti(database);
        try {
            HeldTables held = new HeldTables(topology.plan(), database, tables, session);
            held.read(tables);
            List<String> changing = held.waiting();
            if (!changing.isEmpty()) {
                throw new TablesNotHeldException(
                        "A definition is being changed in " + database + ": " + String.join("; ", changing)
                                + ". Let it end, or end it.",
                        null);
            }
            return held;
        } catch (SQLException | RuntimeException e) {
            session.close();
            throw e;
        }
    }

    private void read(List<String> all) throws SQLException {
        try (Statement statement = session.createStatement()) {
            statement.execute("SET SESSION lock_wait_timeout = 1");
            session.setAutoCommit(false);
            for (int from = 0; from < all.size(); from += AT_ONCE) {
                List<String> some = all.subList(from, Math.min(all.size(), from + AT_ONCE));
                boolean rows = statement.execute(some.stream()
                        .map(table -> "SELECT 1 FROM " + Identifier.quote(table) + " LIMIT 0")
                        .collect(Collectors.joining(";")));
                // An error of a later statement shows only when its result is asked for.
                while (rows || statement.getUpdateCount() != -1) {
                    rows = statement.getMoreResults();
                }
            }
        } catch (SQLException e) {
            if (e.getErrorCode() != LOCK_WAIT_TIMEOUT) {
                throw e;
            }
            List<String> changing = waiting();
            throw new TablesNotHeldException(
                    "The definitions of " + database + " could not be held still within a second: "
                            + (changing.isEmpty() ? e.getMessage() : String.join("; ", changing))
                            + ". Let it end, or end it.",
                    e);
        }
    }

    public DatabaseId database() {
        return database;
    }

    /** How the tables are defined, and stay. */
    public TableDefinitions definitions() throws SQLException {
        return TableDefinitions.read(session, plan, database, plan.tables());
    }

    /** Whether the locks are still there: one round trip. */
    public boolean held() {
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery("SELECT 1")) {
            return row.next();
        } catch (SQLException e) {
            LOG.warn("The tables of {} are held no longer: {}", database, e.getMessage());
            return false;
        }
    }

    /** Who changes a definition, or wants to and waits; a line each. */
    public List<String> waiting() throws SQLException {
        List<String> found = new ArrayList<>();
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery(CHANGING)) {
            while (row.next()) {
                if (tables.contains(row.getString(1))) {
                    found.add(database + "." + row.getString(1) + " by connection " + row.getLong(2)
                            + (row.getString(3).isEmpty() ? "" : ": " + row.getString(3)));
                }
            }
        }
        return found.stream().distinct().toList();
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (SQLException e) {
            LOG.debug("The session that held tables was gone already", e);
        }
    }
}
