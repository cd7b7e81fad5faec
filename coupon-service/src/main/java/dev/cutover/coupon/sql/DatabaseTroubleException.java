package dev.cutover.coupon.sql;

import dev.cutover.core.CutoverException;
import java.sql.SQLException;

/** A database did not do its part; nothing of the work was committed, or a repeat with the same key will find it. */
public final class DatabaseTroubleException extends CutoverException {
    private final boolean lostALock;
    private final boolean unavailable;

    public DatabaseTroubleException(String act, Throwable cause) {
        super(act + " failed in the database: " + cause.getMessage(), cause);
        SQLException error = sqlException(cause);
        this.lostALock = error != null && MySqlErrors.lostALock(error);
        // Without an SQLException no statement was refused: a connection could not be had.
        this.unavailable = error == null || MySqlErrors.unavailable(error);
    }

    private static @org.jspecify.annotations.Nullable SQLException sqlException(Throwable cause) {
        for (Throwable next = cause; next != null; next = next.getCause()) {
            if (next instanceof SQLException error) {
                return error;
            }
        }
        return null;
    }

    /** Whether the work may be tried again at once. */
    public boolean lostALock() {
        return lostALock;
    }

    /** Whether the database is away, rather than refusing a statement it understood. */
    public boolean unavailable() {
        return unavailable;
    }
}
