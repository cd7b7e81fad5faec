package dev.cutover.core.fence;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets an act past sessions that hold what it needs and stand still.
 *
 * <p>A process that was stopped, or a machine that has gone without a word, keeps its transaction open for as long as the server waits for
 * its next statement: hours, in which nobody could take a stream over, and a switch could neither open what it has closed nor abort. To end
 * such a session loses nothing: what was not committed is a unit, a mirror or a batch, and each of them is run again as a whole. A session that is at
 * a statement is left alone; it works.
 */
public final class IdleHolders {
    private static final int PATIENCE_SECONDS = 1;
    private static final int LOCK_WAIT_TIMEOUT = 1205;
    private static final int NO_SUCH_THREAD = 1094;
    private static final Logger LOG = LoggerFactory.getLogger(IdleHolders.class);

    private static final String IDLE = "SELECT DISTINCT t.PROCESSLIST_ID FROM performance_schema.data_locks l"
            + " JOIN performance_schema.threads t ON t.THREAD_ID = l.THREAD_ID"
            + " WHERE l.OBJECT_SCHEMA = DATABASE() AND l.OBJECT_NAME = ? AND l.LOCK_TYPE = 'RECORD'"
            + " AND l.LOCK_STATUS = 'GRANTED' AND t.PROCESSLIST_ID <> CONNECTION_ID()"
            + " AND t.PROCESSLIST_COMMAND = 'Sleep' AND t.PROCESSLIST_TIME >= 1";

    private IdleHolders() {}

    /** What has to get past. */
    @FunctionalInterface
    public interface Act<T> {
        T run() throws SQLException;
    }

    /**
     * Runs an act that locks rows of one of Cutover's tables on this session; when it has waited for a second, ends whoever holds such a row
     * and stands still, and runs it once more. An open transaction of the session is rolled back in between.
     */
    public static <T> T past(Connection connection, String table, Act<T> act) throws SQLException {
        patience(connection, Integer.toString(PATIENCE_SECONDS));
        try {
            return act.run();
        } catch (SQLException e) {
            if (e.getErrorCode() != LOCK_WAIT_TIMEOUT) {
                throw e;
            }
            if (!connection.getAutoCommit()) {
                connection.rollback();
            }
            if (!end(connection, table, e)) {
                throw e;
            }
            return act.run();
        } finally {
            patience(connection, "DEFAULT");
        }
    }

    /**
     * Ends whoever holds rows of one of Cutover's tables and stands still.
     *
     * @param after the lock wait that ran out; gets what went wrong here added
     * @return false when the account is not allowed to look or to end
     */
    public static boolean end(Connection connection, String table, SQLException after) {
        try {
            end(connection, table);
            return true;
        } catch (SQLException notAllowed) {
            after.addSuppressed(notAllowed);
            return false;
        }
    }

    private static void patience(Connection connection, String seconds) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET SESSION innodb_lock_wait_timeout = " + seconds);
        }
    }

    private static void end(Connection connection, String table) throws SQLException {
        List<Long> idle = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(IDLE)) {
            select.setString(1, table);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    idle.add(row.getLong(1));
                }
            }
        }
        for (long session : idle) {
            LOG.warn(
                    "Connection {} holds {} of {} and stands still; it is ended",
                    session,
                    table,
                    connection.getCatalog());
            try (Statement statement = connection.createStatement()) {
                statement.execute("KILL " + session);
            } catch (SQLException e) {
                if (e.getErrorCode() != NO_SUCH_THREAD) {
                    throw e;
                }
            }
        }
    }
}
