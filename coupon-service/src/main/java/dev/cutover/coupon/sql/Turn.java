package dev.cutover.coupon.sql;

import java.sql.Connection;
import java.sql.SQLException;

/** Whose turn it is to do what one process at a time does. MySQL takes a turn back with the connection that has it. */
public final class Turn {
    private Turn() {}

    /** Whether this connection has the turn of that name now; nobody waits for it. */
    public static boolean take(Connection connection, String name) throws SQLException {
        return asked(connection, "SELECT GET_LOCK(CONCAT(DATABASE(), '.', ?), 0)", name);
    }

    public static void end(Connection connection, String name) throws SQLException {
        var unused = asked(connection, "SELECT RELEASE_LOCK(CONCAT(DATABASE(), '.', ?))", name);
    }

    private static boolean asked(Connection connection, String sql, String name) throws SQLException {
        return Sql.first(connection, row -> row.getInt(1), sql, name).orElse(0) == 1;
    }
}
