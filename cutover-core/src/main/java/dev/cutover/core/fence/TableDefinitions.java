package dev.cutover.core.fence;

import dev.cutover.core.plan.Join;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * How migrated tables are defined, so that a later look tells whether they still are. Immutable.
 *
 * <p>A digest is over {@code SHOW CREATE TABLE} of every physical table of a table, without the next id, and over triggers on it that are not
 * the fence's own: whatever decides which row can stand there and what becomes of it.
 *
 * @param digests by {@code database.table}; on NEW the table is named as in the plan
 */
public record TableDefinitions(Map<String, String> digests) {
    private static final int NO_SUCH_TABLE = 1146;
    private static final Pattern NEXT_ID = Pattern.compile("(\\) ENGINE=\\w+) AUTO_INCREMENT=\\d+");

    public TableDefinitions {
        digests = Map.copyOf(digests);
    }

    /** Reads those of one database. */
    public static TableDefinitions read(
            Connection connection, MigrationPlan plan, DatabaseId database, Collection<TablePlan> tables)
            throws SQLException {
        Map<String, List<String>> triggers =
                triggers(connection, TriggerFence.of(plan, database).names());
        Map<String, String> digests = new TreeMap<>();
        for (Map.Entry<String, Set<String>> table :
                tables(plan, database, tables).entrySet()) {
            MessageDigest digest = sha256();
            for (String physical : table.getValue()) {
                add(digest, definition(connection, physical));
                triggers.getOrDefault(physical, List.of()).forEach(trigger -> add(digest, trigger));
            }
            digests.put(database + "." + table.getKey(), HexFormat.of().formatHex(digest.digest(), 0, 16));
        }
        return new TableDefinitions(digests);
    }

    /** The physical tables of a database that are migrated or looked up, by the table they belong to. */
    private static Map<String, Set<String>> tables(
            MigrationPlan plan, DatabaseId database, Collection<TablePlan> chosen) {
        Map<String, Set<String>> tables = new LinkedHashMap<>();
        for (TablePlan table : chosen) {
            boolean old = database.equals(DatabaseId.OLD);
            List<String> physical = plan.tablesIn(database, table);
            if (!physical.isEmpty()) {
                tables.put(old ? table.fromTable() : table.name(), new LinkedHashSet<>(physical));
            }
            for (Join join : table.joins()) {
                if (old) {
                    tables.put(join.table(), Set.of(join.table()));
                }
            }
        }
        return tables;
    }

    /** Every physical table of a database whose definition counts. */
    static List<String> tables(MigrationPlan plan, DatabaseId database) {
        return tables(plan, database, plan.tables()).values().stream()
                .flatMap(Set::stream)
                .distinct()
                .toList();
    }

    /** These and those of other databases. */
    public TableDefinitions with(TableDefinitions others) {
        Map<String, String> all = new TreeMap<>(digests);
        all.putAll(others.digests);
        return new TableDefinitions(all);
    }

    /** The tables that are defined otherwise than here, or are known to one of the two only. */
    public List<String> unlike(TableDefinitions others) {
        Set<String> names = new TreeSet<>(digests.keySet());
        names.addAll(others.digests.keySet());
        return names.stream()
                .filter(name -> !digests.getOrDefault(name, "").equals(others.digests.getOrDefault(name, "")))
                .toList();
    }

    private static String definition(Connection connection, String table) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW CREATE TABLE " + Identifier.quote(table))) {
            row.next();
            return NEXT_ID.matcher(row.getString(2)).replaceFirst("$1");
        } catch (SQLException e) {
            if (e.getErrorCode() != NO_SUCH_TABLE) {
                throw e;
            }
            return "missing " + table;
        }
    }

    private static Map<String, List<String>> triggers(Connection connection, Set<String> own) throws SQLException {
        Map<String, List<String>> triggers = new LinkedHashMap<>();
        try (PreparedStatement select =
                        connection.prepareStatement("SELECT trigger_name, event_object_table, action_timing,"
                                + " event_manipulation, action_statement FROM information_schema.triggers"
                                + " WHERE trigger_schema = DATABASE() ORDER BY trigger_name");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                if (!own.contains(row.getString(1))) {
                    triggers.computeIfAbsent(row.getString(2), table -> new ArrayList<>())
                            .add(row.getString(1) + " " + row.getString(3) + " " + row.getString(4) + " "
                                    + row.getString(5));
                }
            }
        }
        return triggers;
    }

    private static void add(MessageDigest digest, String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256; this one does not.", e);
        }
    }
}
