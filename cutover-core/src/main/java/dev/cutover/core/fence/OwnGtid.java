package dev.cutover.core.fence;

import com.mysql.cj.jdbc.JdbcConnection;
import com.mysql.cj.protocol.ServerSessionStateController;
import com.mysql.cj.protocol.ServerSessionStateController.ServerSessionStateChanges;
import com.mysql.cj.protocol.ServerSessionStateController.SessionStateChange;
import com.mysql.cj.protocol.ServerSessionStateController.SessionStateChangesListener;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Hears the GTID that a session's own commit was given, in the commit's own answer. Owned by the session's thread.
 *
 * <p>Needs a connection opened with {@code trackSessionState=true}. A reset of the session turns the reports off without a word, so a pooled
 * session has to be asked again at each check-out ({@link Fence#readSharedAsWriter}).
 */
public final class OwnGtid implements AutoCloseable {
    private static final Pattern ONE_GTID = Pattern.compile("[0-9a-fA-F-]{36}:\\d+");

    private final ServerSessionStateController controller;
    private final SessionStateChangesListener listener = this::heard;
    private @Nullable String last;

    private OwnGtid(ServerSessionStateController controller) {
        this.controller = controller;
    }

    /** Turns the reports on and listens until closed. */
    public static OwnGtid enable(Connection connection) throws SQLException {
        turnOn(connection);
        return listen(connection);
    }

    /** Listens until closed; the caller makes sure that the reports are on. */
    public static OwnGtid listen(Connection connection) throws SQLException {
        OwnGtid own = new OwnGtid(connection.unwrap(JdbcConnection.class).getServerSessionStateController());
        own.controller.addSessionStateChangesListener(own.listener);
        return own;
    }

    /** Turns the reports on for this session. */
    public static void turnOn(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET SESSION session_track_gtids = OWN_GTID");
        }
    }

    /** Drops what was heard so far, so that {@link #last} tells of what comes. */
    public void forget() {
        last = null;
    }

    /** The one GTID heard since {@link #forget}; empty when there was none, or a set. */
    public Optional<String> last() {
        return Optional.ofNullable(last).filter(gtid -> ONE_GTID.matcher(gtid).matches());
    }

    @Override
    public void close() {
        controller.removeSessionStateChangesListener(listener);
    }

    private void heard(ServerSessionStateChanges changes) {
        for (SessionStateChange change : changes.getSessionStateChangesList()) {
            if (change.getType() == ServerSessionStateController.SESSION_TRACK_GTIDS) {
                // Two commits since forget(): not one GTID, and last() says so.
                last = last == null
                        ? String.join(",", change.getValues())
                        : last + "," + String.join(",", change.getValues());
            }
        }
    }
}
