package dev.cutover.cli.step;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.UnreachableException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * No XA on the side being left.
 *
 * <p>A prepared XA transaction belongs to no session, so nothing that waits for sessions waits for it, and its rows may be committed long after
 * the close. The stream stops at one on a migrated table; whoever uses XA on other tables of the server is likely to come to the migrated
 * ones, so that counts, too, unless somebody has looked and accepts it.
 */
final class XaGate {
    private static final String NOTED = "xa_noted";
    private static final int ACCESS_DENIED = 1227;
    // By which two readings of when a server was started may differ.
    private static final long SECONDS = 2;

    private XaGate() {}

    /** None is prepared now. */
    static Gate nonePrepared(StepContext context, Side from) {
        List<String> found = new ArrayList<>();
        for (DatabaseId database : Streams.databases(context.topology(), from)) {
            try (Connection connection = context.topology().database(database).getConnection();
                    Statement statement = connection.createStatement()) {
                String prepared = recovered(statement);
                if (!prepared.isEmpty()) {
                    found.add(database + ": " + prepared);
                }
            } catch (SQLException | UnreachableException e) {
                found.add(database + ": " + e.getMessage());
            }
        }
        return Gate.of(
                "no XA",
                found.isEmpty(),
                found.isEmpty() ? "none prepared" : String.join("; ", found),
                "end the XA transactions, or GRANT XA_RECOVER_ADMIN to the account");
    }

    private static String recovered(Statement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery("XA RECOVER")) {
            return rows.next() ? "a prepared XA transaction" : "";
        } catch (SQLException e) {
            if (e.getErrorCode() != ACCESS_DENIED && !"42000".equals(e.getSQLState())) {
                throw e;
            }
            return Prepared.read(statement).count() == 0
                    ? ""
                    : "XA was used since the server started, and XA RECOVER is not allowed for this account";
        }
    }

    /**
     * How many were ever prepared on a server.
     *
     * @param startedAt when the server was started, by its own clock; the count begins anew then
     */
    private record Prepared(long count, long startedAt) {
        static Prepared read(Statement statement) throws SQLException {
            return new Prepared(status(statement, "Com_xa_prepare"), now(statement) - status(statement, "Uptime"));
        }

        long since(Prepared before) {
            boolean sameRun = Math.abs(startedAt - before.startedAt) <= SECONDS && count >= before.count;
            return sameRun ? count - before.count : count;
        }

        String text() {
            return count + "@" + startedAt;
        }

        static Prepared of(String text) {
            int at = text.indexOf('@');
            return new Prepared(Long.parseLong(text.substring(0, at)), Long.parseLong(text.substring(at + 1)));
        }

        private static long status(Statement statement, String name) throws SQLException {
            try (ResultSet row = statement.executeQuery("SHOW GLOBAL STATUS LIKE '" + name + "'")) {
                return row.next() ? row.getLong(2) : 0;
            }
        }

        private static long now(Statement statement) throws SQLException {
            try (ResultSet row = statement.executeQuery("SELECT UNIX_TIMESTAMP()")) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** Notes how many were prepared up to now, for {@link #notUsed}. */
    static void note(StepContext context) throws SQLException {
        for (Map.Entry<String, Prepared> server : prepared(context).entrySet()) {
            context.control()
                    .setSetting(setting(server.getKey()), server.getValue().text());
        }
    }

    /** None was prepared on a server of OLD since it was noted. */
    static Gate notUsed(StepContext context, boolean accepted) {
        String name = "XA not used";
        try {
            Map<String, String> settings = context.control().settings();
            List<String> found = new ArrayList<>();
            prepared(context).forEach((server, now) -> {
                String noted = settings.get(setting(server));
                // Without a note, as after a failover, all that the server has counted.
                long since = noted == null ? now.count() : now.since(Prepared.of(noted));
                if (since > 0) {
                    found.add(since + (since == 1 ? " XA transaction was" : " XA transactions were") + " prepared on "
                            + server + " since dual writing began");
                }
            });
            if (accepted && !found.isEmpty()) {
                return Gate.met(name, String.join("; ", found) + ", accepted");
            }
            return Gate.of(
                    name,
                    found.isEmpty(),
                    found.isEmpty() ? "not since dual writing began" : String.join("; ", found),
                    "find who uses XA and stop it; when it never touches the migrated tables  --accept-xa");
        } catch (SQLException | UnreachableException e) {
            return Gate.unmet(name, "cannot be told: " + e.getMessage(), "cutover status");
        }
    }

    private static String setting(String server) {
        return NOTED + "." + server;
    }

    private static Map<String, Prepared> prepared(StepContext context) throws SQLException {
        Map<String, Prepared> prepared = new TreeMap<>();
        for (ServerAddress server : context.topology().servers(Side.OLD)) {
            try (Connection connection = context.topology()
                            .database(server.databases().get(0))
                            .getConnection();
                    Statement statement = connection.createStatement()) {
                prepared.put(server.host() + ":" + server.port(), Prepared.read(statement));
            }
        }
        return prepared;
    }
}
