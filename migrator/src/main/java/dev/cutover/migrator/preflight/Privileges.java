package dev.cutover.migrator.preflight;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the account of a session may do, by itself and by the roles that are active. What is granted on single tables is not looked at.
 *
 * @param everywhere on all schemas
 * @param here on the session's schema, by a grant of its own
 */
record Privileges(Set<String> everywhere, Set<String> here) {
    private static final List<String> EXCESSIVE = List.of(
            "ALL PRIVILEGES", "SUPER", "SYSTEM_VARIABLES_ADMIN", "SHUTDOWN", "FILE", "CREATE USER", "GRANT OPTION");
    private static final String ALL = "ALL PRIVILEGES";

    Privileges {
        everywhere = Set.copyOf(everywhere);
        here = Set.copyOf(here);
    }

    static Privileges of(Connection connection) throws SQLException {
        String roles = Query.one(connection, "SELECT CURRENT_ROLE()");
        String schema = Query.one(connection, "SELECT DATABASE()");
        Set<String> everywhere = new LinkedHashSet<>();
        Set<String> here = new LinkedHashSet<>();
        // The server itself has quoted the roles.
        String show = roles.equals("NONE") ? "SHOW GRANTS" : "SHOW GRANTS FOR CURRENT_USER() USING " + roles;
        for (List<String> row : Query.rows(connection, show)) {
            String grant = row.get(0);
            int on = grant.indexOf(" ON ");
            if (on < 0) {
                continue;
            }
            String[] words = grant.substring("GRANT ".length(), on).split(", ?", -1);
            String rest = grant.substring(on + " ON ".length());
            if (rest.startsWith("*.* ")) {
                everywhere.addAll(List.of(words));
                if (rest.endsWith("WITH GRANT OPTION")) {
                    everywhere.add("GRANT OPTION");
                }
            } else if (isFor(connection, rest, schema)) {
                here.addAll(List.of(words));
            }
        }
        return new Privileges(everywhere, here);
    }

    /** Whether a grant's rest, such as {@code `coupon\_%`.* TO …}, is for this schema. */
    private static boolean isFor(Connection connection, String rest, String schema) throws SQLException {
        int end = rest.indexOf("`.* ");
        return rest.startsWith("`")
                && end > 0
                && Query.one(connection, "SELECT ? LIKE ?", schema, rest.substring(1, end))
                        .equals("1");
    }

    boolean everywhere(String privilege) {
        return everywhere.contains(ALL) || everywhere.contains("SUPER") || everywhere.contains(privilege);
    }

    boolean onSchema(String privilege) {
        return Stream.of(everywhere, here).anyMatch(granted -> granted.contains(ALL) || granted.contains(privilege));
    }

    /** What no migration needs. */
    List<String> excessive() {
        return EXCESSIVE.stream().filter(everywhere::contains).toList();
    }
}
