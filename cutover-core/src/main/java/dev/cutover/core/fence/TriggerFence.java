package dev.cutover.core.fence;

import dev.cutover.core.plan.FencePlan;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.SessionMark;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * The fence for those who do not ask it: triggers on the migrated tables of one database. Stateless, safe for many threads.
 *
 * <p><b>Idea.</b> BEFORE INSERT, UPDATE and DELETE of each row read the fence {@code FOR SHARE}, in the writer's own transaction, and refuse
 * the row unless the fence says primary. So a batch job that has never heard of a fence holds it to its commit as a unit does, and a close
 * waits for it.
 *
 * <p>In a replica the applier and the mirrors pass: by account, where the plan names accounts that nobody else uses, otherwise by a variable
 * that every session opened by Cutover carries. The variable is no secret; it keeps out who goes round the proxy by mistake. Nobody passes
 * while the fence is closing.
 *
 * <p>What triggers do not see: TRUNCATE and other DDL, LOAD of files under {@code sql_log_bin=0} included; the stray-write watch sees the first.
 */
public final class TriggerFence {
    private static final int MAX_NAME = 64;
    private static final int LOCK_WAIT_TIMEOUT = 1205;
    private static final int ATTEMPTS = 10;
    private static final String[] EVENTS = {"INSERT", "UPDATE", "DELETE"};

    private final List<String> tables;
    private final FencePlan plan;

    private TriggerFence(List<String> tables, FencePlan plan) {
        this.tables = List.copyOf(tables);
        this.plan = plan;
    }

    /** The triggers of one database. */
    public static TriggerFence of(MigrationPlan plan, DatabaseId database) {
        return new TriggerFence(plan.tablesIn(database), plan.fence());
    }

    /**
     * How the triggers of a database stand.
     *
     * @param intact how many are as they should be
     * @param missing those that are not there
     * @param altered those that bear the name and do something else
     */
    public record State(int intact, List<String> missing, List<String> altered) {
        public boolean whole() {
            return missing.isEmpty() && altered.isEmpty();
        }
    }

    /** Every statement that makes the triggers. */
    public List<String> statements() {
        List<String> statements = new ArrayList<>();
        triggers().values().forEach(trigger -> statements.add(trigger.create(body())));
        return statements;
    }

    /** Every statement that takes them away. */
    public List<String> removals() {
        return triggers().keySet().stream().map(TriggerFence::drop).toList();
    }

    /** The names of all of these. */
    Set<String> names() {
        return triggers().keySet();
    }

    /** Whether a trigger found under this name with this body is one of these. */
    public boolean owns(String name, String body) {
        return triggers().containsKey(name) && body.strip().equals(body());
    }

    public State state(Connection connection) throws SQLException {
        Map<String, String> found = found(connection);
        List<String> missing = new ArrayList<>();
        List<String> altered = new ArrayList<>();
        int intact = 0;
        for (Trigger trigger : triggers().values()) {
            String body = found.get(trigger.name());
            if (body == null) {
                missing.add(trigger.name());
            } else if (body.equals(trigger.event() + " " + trigger.table() + " " + body())) {
                intact++;
            } else {
                altered.add(trigger.name());
            }
        }
        return new State(intact, missing, altered);
    }

    /** Makes what is missing and makes anew what was altered; returns how many that were. */
    public int install(Connection connection) throws SQLException {
        State state = state(connection);
        Map<String, Trigger> triggers = triggers();
        List<String> wanted = new ArrayList<>(state.missing());
        wanted.addAll(state.altered());
        for (String name : wanted) {
            Trigger trigger = triggers.get(name);
            if (trigger != null) {
                briefly(connection, drop(name));
                briefly(connection, trigger.create(body()));
            }
        }
        return wanted.size();
    }

    /** Takes away what bears these names. */
    public int remove(Connection connection) throws SQLException {
        int removed = 0;
        Set<String> found = found(connection).keySet();
        for (String name : triggers().keySet()) {
            if (found.contains(name)) {
                briefly(connection, drop(name));
                removed++;
            }
        }
        return removed;
    }

    // A definition that waits for its metadata lock makes every writer of the table wait behind it: so not for long,
    // and
    // again.
    private static void briefly(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET SESSION lock_wait_timeout = 1");
            try {
                for (int attempt = 1; ; attempt++) {
                    try {
                        statement.execute(sql);
                        return;
                    } catch (SQLException e) {
                        if (e.getErrorCode() != LOCK_WAIT_TIMEOUT || attempt == ATTEMPTS) {
                            throw e;
                        }
                    }
                }
            } finally {
                statement.execute("SET SESSION lock_wait_timeout = DEFAULT");
            }
        }
    }

    private record Trigger(String name, String event, String table) {
        String create(String body) {
            return "CREATE TRIGGER " + Identifier.quote(name) + " BEFORE " + event + " ON " + Identifier.quote(table)
                    + " FOR EACH ROW " + body;
        }
    }

    private Map<String, Trigger> triggers() {
        Map<String, Trigger> triggers = new LinkedHashMap<>();
        for (String table : tables) {
            for (String event : EVENTS) {
                String name = name(event, table);
                triggers.put(name, new Trigger(name, event, table));
            }
        }
        return triggers;
    }

    private static String name(String event, String table) {
        String name = "cutover_fence_" + event.substring(0, 1).toLowerCase(Locale.ROOT) + "_" + table;
        if (name.length() <= MAX_NAME) {
            return name;
        }
        CRC32 crc = new CRC32();
        crc.update(table.getBytes(StandardCharsets.UTF_8));
        return name.substring(0, MAX_NAME - 9) + "_" + String.format(Locale.ROOT, "%08x", crc.getValue());
    }

    private static String drop(String name) {
        return "DROP TRIGGER IF EXISTS " + Identifier.quote(name);
    }

    private String body() {
        return "BEGIN"
                + " DECLARE cutover_role VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin DEFAULT 'missing';"
                + " DECLARE CONTINUE HANDLER FOR NOT FOUND SET cutover_role = 'missing';"
                + " SELECT role INTO cutover_role FROM cutover_fence WHERE id = 1 AND server_uuid = @@server_uuid FOR SHARE;"
                + " IF cutover_role <> 'primary' AND NOT (cutover_role = 'replica' AND " + exemption() + ") THEN"
                + " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT ="
                + " 'Cutover: the fence of this database admits no application writes. Write through the proxy, or to the other side.';"
                + " END IF; END";
    }

    private String exemption() {
        return plan.exempt().isEmpty()
                ? SessionMark.VARIABLE + " IS NOT NULL"
                : "SUBSTRING_INDEX(USER(), '@', 1) IN ('" + String.join("', '", plan.exempt()) + "')";
    }

    /** Name to event, table and body. */
    private static Map<String, String> found(Connection connection) throws SQLException {
        Map<String, String> found = new LinkedHashMap<>();
        try (PreparedStatement select =
                        connection.prepareStatement("SELECT trigger_name, event_manipulation, event_object_table,"
                                + " action_statement FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
                                + " AND action_timing = 'BEFORE'");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                found.put(
                        row.getString(1),
                        row.getString(2) + " " + row.getString(3) + " "
                                + row.getString(4).strip());
            }
        }
        return found;
    }
}
