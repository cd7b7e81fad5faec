package dev.cutover.core.fence;

import dev.cutover.core.position.GtidSet;
import dev.cutover.core.topology.SqlScript;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The fence row of a database: reading it before a write, and the steps that move it. Stateless, safe for many threads.
 *
 * <p><b>Idea.</b> One row, {@code (epoch, role)}, in every database. Whoever writes there reads it with {@code FOR SHARE} in the same
 * transaction and writes only if it admits them; whoever moves it needs the row (and, to close it, the table) exclusively. So between the
 * check and the commit of a write the fence cannot move, and a move waits until every admitted write has ended.
 *
 * <p><b>Invariant.</b> A transaction that commits under {@code (primary, e)} has committed before the fence says anything but
 * {@code (primary, e)}; {@code epoch} never goes down.
 *
 * <p><b>What breaks without it.</b> With a plain SELECT the check may read a snapshot from before the close. With a step that first reads
 * and then writes, a coordinator that was paused in between moves a fence that another one has moved on: therefore every step here is one
 * UPDATE whose WHERE clause holds all it relies on; zero rows means <em>read again</em>, never <em>try harder</em>. With the server's uuid
 * left out, a promoted replica would go on under a fence that the old server may still serve.
 *
 * <p>Steps run in autocommit or in the caller's transaction, as the session is set.
 */
public final class Fence {
    private static final String COLUMNS = "SELECT epoch, role, map_version, server_uuid = @@server_uuid";
    private static final String ROW = " FROM cutover_fence WHERE id = 1";
    private static final String AS_WRITER = COLUMNS + ", @@session_track_gtids = 'OWN_GTID'" + ROW + " FOR SHARE";
    private static final String MOVE = "UPDATE cutover_fence SET role = ?, epoch = ?, updated_by = ?"
            + " WHERE id = 1 AND server_uuid = @@server_uuid AND ";
    private static final int NO_SUCH_TABLE = 1146;

    private Fence() {}

    /**
     * A fence read by a writer.
     *
     * @param state the fence
     * @param tracksOwnGtid whether the session reports the GTIDs of its commits
     */
    public record WriterRead(FenceState state, boolean tracksOwnGtid) {}

    /**
     * Reads the fence and holds it until the transaction ends; a missing row reads as {@link FenceState#MISSING}.
     *
     * <p>As the first statement of a transaction it does not open a snapshot, so what is read later is newer than the fence.
     */
    public static FenceState readShared(Connection connection) throws SQLException {
        return query(connection, COLUMNS + ROW + " FOR SHARE");
    }

    /** The same for a writer that needs its own GTID: one round trip for both questions. */
    public static WriterRead readSharedAsWriter(Connection connection) throws SQLException {
        // A prepared one: every unit begins with it, and where statements stay prepared it is parsed once.
        try (PreparedStatement select = connection.prepareStatement(AS_WRITER);
                ResultSet row = select.executeQuery()) {
            return row.next()
                    ? new WriterRead(state(row), row.getBoolean(5))
                    : new WriterRead(FenceState.MISSING, true);
        }
    }

    /** Looks at the fence without holding it: for showing, never for deciding a write. */
    public static FenceState read(Connection connection) throws SQLException {
        return query(connection, COLUMNS + ROW);
    }

    /** The same; empty when the database has no fence table yet. */
    public static Optional<FenceState> readIfInstalled(Connection connection) throws SQLException {
        try {
            return Optional.of(read(connection));
        } catch (SQLException e) {
            if (e.getErrorCode() == NO_SUCH_TABLE) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Admits an applier or a mirror of this epoch, and holds the fence until the transaction ends. */
    public static void requireReplica(Connection connection, Epoch epoch) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException(
                    "A fence read outside a transaction protects nothing: turn autocommit off.");
        }
        FenceState found = readShared(connection);
        if (!found.admits(Role.REPLICA, epoch)) {
            throw new FencedOffException(
                    "The fence of " + connection.getCatalog() + " does not admit writes of the applier in epoch "
                            + epoch + ": it reads " + found.describe() + ". Read the register again.",
                    found);
        }
    }

    /** Creates the tables of this package and the row, where they are not there yet; returns the fence as it then stands. */
    public static FenceState install(Connection connection, Role initial, Epoch epoch, String by) throws SQLException {
        SqlScript.run(connection, SqlScript.read("sql/fence/fence.sql").statements());
        try (PreparedStatement insert = connection.prepareStatement(
                "INSERT INTO cutover_fence (id, epoch, role, map_version, server_uuid, updated_by)"
                        + " SELECT 1, ?, ?, 1, @@server_uuid, ? FROM DUAL"
                        + " WHERE NOT EXISTS (SELECT 1 FROM cutover_fence WHERE id = 1)")) {
            insert.setLong(1, epoch.number());
            insert.setString(2, initial.word());
            insert.setString(3, shortened(by));
            insert.executeUpdate();
        }
        return read(connection);
    }

    /** Opens a target for the application: {@code (replica, < epoch)} with a start of {@code epoch} becomes {@code (primary, epoch)}. */
    public static int open(Connection connection, Epoch epoch, String by) throws SQLException {
        return move(
                connection,
                Role.PRIMARY,
                epoch,
                by,
                "role = 'replica' AND epoch < ? AND EXISTS (SELECT 1 FROM cutover_start s WHERE s.epoch = ?)",
                2);
    }

    /** Hands a closed database over to the applier: {@code (closing, epoch)} becomes {@code (replica, epoch)}. */
    public static int toReplica(Connection connection, Epoch epoch, String by) throws SQLException {
        return move(connection, Role.REPLICA, epoch, by, "role = 'closing' AND epoch = ?", 1);
    }

    /** Abort, first step: a target of the switch becomes {@code (replica, epoch)}, so that nobody can open it in this epoch any more. */
    public static int abortTo(Connection connection, Epoch epoch, String by) throws SQLException {
        return move(connection, Role.REPLICA, epoch, by, "epoch < ?", 1);
    }

    /** Abort, second step: a database that was being left, closed or not, becomes {@code (primary, epoch)}. */
    public static int abortFrom(Connection connection, Epoch epoch, String by) throws SQLException {
        return move(connection, Role.PRIMARY, epoch, by, "(epoch < ? OR (epoch = ? AND role = 'closing'))", 2);
    }

    /**
     * Takes the fence over for the server that answers, in the place of a server that is gone: only its name changes. Whoever calls this has
     * made sure that the former server takes no writes any more, and that this one has all that is known of it.
     *
     * @param former the server that wrote the row
     * @return 0 when the fence is not what was expected: read again
     */
    public static int adopt(Connection connection, FenceState expected, String former, String by) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE cutover_fence SET server_uuid = @@server_uuid, updated_by = ?"
                        + " WHERE id = 1 AND server_uuid = ? AND epoch = ? AND role = ?")) {
            update.setString(1, shortened(by));
            update.setString(2, former);
            update.setLong(3, expected.epoch().number());
            update.setString(4, expected.role().word());
            return update.executeUpdate();
        }
    }

    /** The server that wrote the fence; empty without a row. */
    public static Optional<String> writtenBy(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT server_uuid" + ROW)) {
            return row.next() ? Optional.of(text(row, 1)) : Optional.empty();
        }
    }

    /**
     * Writes a marker that travels the stream out of this database, commits it, and returns its GTID.
     *
     * <p>The session must not be in a transaction. The drain waits for this GTID and never for {@code @@gtid_executed}, which trails what is
     * visible.
     */
    public static String writeMarker(Connection connection, String stream, Epoch epoch, String nonce)
            throws SQLException {
        if (!connection.getAutoCommit()) {
            throw new IllegalStateException("A marker is its own transaction: turn autocommit on.");
        }
        try (OwnGtid own = OwnGtid.enable(connection);
                PreparedStatement upsert =
                        connection.prepareStatement("INSERT INTO cutover_marker (stream, epoch, nonce) VALUES (?, ?, ?)"
                                + " ON DUPLICATE KEY UPDATE epoch = VALUES(epoch), nonce = VALUES(nonce)")) {
            upsert.setString(1, stream);
            upsert.setLong(2, epoch.number());
            upsert.setString(3, nonce);
            String where = connection.getCatalog();
            own.forget();
            upsert.executeUpdate();
            return own.last()
                    .orElseThrow(() -> new GtidUnknownException("The marker " + nonce + " in " + where
                            + " is written, but the server did not report its GTID. Is gtid_mode ON, and does the"
                            + " connection ask for session tracking (trackSessionState=true)?"));
        }
    }

    /**
     * Records where the stream out of this database begins in {@code epoch}: what the server has executed now.
     *
     * <p>Admitted while the fence is {@code (replica, < epoch)}, that is before a switch opens it, or {@code (primary, epoch)}, that is
     * before the first forward stream. A start that is there already stays: an earlier start only delivers more. That is true of one of an
     * older epoch as well when the database is not being entered but has been the truth all along, as after an aborted switch: a start
     * from now would pass over what the stream of the older one still owes. The session must not be in a transaction.
     *
     * @return false when the fence does not admit it: read again
     */
    public static boolean recordStart(Connection connection, Epoch epoch) throws SQLException {
        if (!connection.getAutoCommit()) {
            throw new IllegalStateException("A start is its own transaction: turn autocommit on.");
        }
        connection.setAutoCommit(false);
        try {
            FenceState fence = readShared(connection);
            boolean beforeOpening =
                    fence.role() == Role.REPLICA && fence.epoch().compareTo(epoch) < 0;
            boolean beforeFirstStream = fence.admits(Role.PRIMARY, epoch);
            if (!fence.sameServer() || !(beforeOpening || beforeFirstStream)) {
                connection.rollback();
                return false;
            }
            try (PreparedStatement insert = connection.prepareStatement(
                    "INSERT INTO cutover_start (epoch, gtid_set) SELECT ?, REPLACE(@@GLOBAL.gtid_executed, '\\n', '') FROM DUAL"
                            + " WHERE NOT EXISTS (SELECT 1 FROM cutover_start s WHERE s.epoch = ?"
                            + (beforeFirstStream ? " OR s.epoch < ?" : "") + ")")) {
                insert.setLong(1, epoch.number());
                insert.setLong(2, epoch.number());
                if (beforeFirstStream) {
                    insert.setLong(3, epoch.number());
                }
                insert.executeUpdate();
            }
            connection.commit();
            return true;
        } catch (SQLException e) {
            rollback(connection, e);
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    /** Where the stream out of this database begins in {@code epoch}. */
    public static Optional<GtidSet> start(Connection connection, Epoch epoch) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT gtid_set FROM cutover_start WHERE epoch = ?")) {
            select.setLong(1, epoch.number());
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(GtidSet.parse(text(row, 1))) : Optional.empty();
            }
        }
    }

    static void rollback(Connection connection, SQLException after) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            after.addSuppressed(e);
        }
    }

    static String text(ResultSet row, int column) throws SQLException {
        @Nullable String value = row.getString(column);
        return value == null ? "" : value;
    }

    static FenceState query(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? state(row) : FenceState.MISSING;
        }
    }

    private static FenceState state(ResultSet row) throws SQLException {
        return new FenceState(new Epoch(row.getLong(1)), Role.ofWord(text(row, 2)), row.getInt(3), row.getBoolean(4));
    }

    private static int move(
            Connection connection, Role role, Epoch epoch, String by, String condition, int epochsInCondition)
            throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(MOVE + condition)) {
            update.setString(1, role.word());
            update.setLong(2, epoch.number());
            update.setString(3, shortened(by));
            for (int i = 0; i < epochsInCondition; i++) {
                update.setLong(4 + i, epoch.number());
            }
            return update.executeUpdate();
        }
    }

    static String shortened(String by) {
        return by.length() <= 120 ? by : by.substring(0, 120);
    }
}
