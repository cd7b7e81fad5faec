package dev.cutover.coupon.sql;

import java.sql.SQLException;

/** What MySQL's error numbers mean to this service. */
public final class MySqlErrors {
    private static final int DUPLICATE_ENTRY = 1062;
    private static final int NO_SUCH_TABLE = 1146;
    private static final int LOCK_WAIT_TIMEOUT = 1205;
    private static final int DEADLOCK = 1213;

    private MySqlErrors() {}

    public static boolean duplicate(SQLException error) {
        return error.getErrorCode() == DUPLICATE_ENTRY;
    }

    public static boolean noSuchTable(SQLException error) {
        return error.getErrorCode() == NO_SUCH_TABLE;
    }

    /** Whether the same transaction may simply be tried again. */
    public static boolean lostALock(SQLException error) {
        return error.getErrorCode() == LOCK_WAIT_TIMEOUT || error.getErrorCode() == DEADLOCK;
    }

    /** Whether the database, and not what was asked of it, is the trouble. */
    public static boolean unavailable(SQLException error) {
        String state = error.getSQLState();
        return lostALock(error)
                || error instanceof java.sql.SQLTransientException
                || error instanceof java.sql.SQLRecoverableException
                || error instanceof java.sql.SQLNonTransientConnectionException
                || (state != null && (state.startsWith("08") || state.startsWith("40")));
    }
}
