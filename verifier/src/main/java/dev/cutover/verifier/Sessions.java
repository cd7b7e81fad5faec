package dev.cutover.verifier;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The session variables that the comparison relies on, read back: a session that is pinned otherwise proves nothing.
 *
 * @param variables by database
 * @param positions by database, {@code gtid_executed} of its server at that moment
 */
record Sessions(Map<String, Map<String, String>> variables, Map<String, String> positions) {
    private static final List<String> SHOWN = List.of(
            "version",
            "server_uuid",
            "time_zone",
            "sql_mode",
            "character_set_client",
            "character_set_connection",
            "collation_connection",
            "transaction_isolation",
            "max_allowed_packet",
            "div_precision_increment");
    private static final List<String> ALIKE = List.of(
            "time_zone",
            "sql_mode",
            "character_set_client",
            "character_set_connection",
            "collation_connection",
            "div_precision_increment");

    /** Refuses sessions that differ from what the row text needs, or from each other. */
    static Sessions readBack(Topology topology, List<DatabaseId> databases) {
        Map<String, Map<String, String>> sessions = new LinkedHashMap<>();
        Map<String, String> positions = new LinkedHashMap<>();
        for (DatabaseId database : databases) {
            Map<String, String> session = read(topology, database, positions);
            require(database, session, "time_zone", "+00:00");
            require(database, session, "character_set_connection", "utf8mb4");
            for (Map<String, String> other : sessions.values()) {
                ALIKE.forEach(variable -> require(database, session, variable, other.getOrDefault(variable, "")));
            }
            sessions.put(database.name(), session);
        }
        return new Sessions(sessions, positions);
    }

    private static void require(DatabaseId database, Map<String, String> session, String variable, String expected) {
        String found = session.getOrDefault(variable, "");
        if (!found.equals(expected)) {
            throw new VerificationFailedException("The session variable " + variable + " is '" + found + "' on "
                    + database + ", where '" + expected
                    + "' is needed for both sides to write a value the same way. Is there an init_connect, or a proxy"
                    + " between Cutover and the server?");
        }
    }

    private static Map<String, String> read(Topology topology, DatabaseId database, Map<String, String> positions) {
        try (Connection connection = topology.database(database).getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(
                        "SELECT @@" + String.join(", @@", SHOWN) + ", REPLACE(@@GLOBAL.gtid_executed, '\n', '')")) {
            result.next();
            Map<String, String> session = new LinkedHashMap<>();
            for (int i = 0; i < SHOWN.size(); i++) {
                String value = result.getString(i + 1);
                session.put(SHOWN.get(i), value == null ? "NULL" : value);
            }
            String executed = result.getString(SHOWN.size() + 1);
            positions.put(database.name(), executed == null ? "" : executed);
            return session;
        } catch (SQLException e) {
            throw new VerificationFailedException(
                    "The session variables of " + topology.endpoint(database).describe() + " could not be read ("
                            + e.getMessage() + ").",
                    e);
        }
    }
}
