package dev.cutover.coupon.sql;

import java.sql.Connection;
import java.sql.SQLException;

/** Whose turn it is to do what one process at a time does. MySQL takes a turn back with the connection that has it. */
public final class Turn {
    private Turn() {}

    /** What is done in one's turn. */
    @FunctionalInterface
    public interface Work {
        void run() throws SQLException;
    }

    /** Does it if nobody else is at it; nobody waits. */
    public static void inTurn(Connection connection, String name, Work work) throws SQLException {
        if (!asked(connection, "SELECT GET_LOCK(CONCAT(DATABASE(), '.', ?), 0)", name)) {
            return;
        }
        try {
            work.run();
        } finally {
            var unused = asked(connection, "SELECT RELEASE_LOCK(CONCAT(DATABASE(), '.', ?))", name);
        }
    }

    private static boolean asked(Connection connection, String sql, String name) throws SQLException {
        return Sql.first(connection, row -> row.getInt(1), sql, name).orElse(0) == 1;
    }
}
