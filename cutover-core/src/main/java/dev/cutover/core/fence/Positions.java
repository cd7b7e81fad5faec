package dev.cutover.core.fence;

import dev.cutover.core.position.GtidSet;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Optional;

/**
 * The rows of {@code cutover_position}. Stateless, safe for many threads.
 *
 * <p>The locking methods and all writes belong into a transaction that has read the fence: locks are taken in the order fence, position, rows.
 */
public final class Positions {
    private static final String SELECT = "SELECT gtid_set, epoch, owner FROM cutover_position WHERE stream = ?";

    private Positions() {}

    /** Looks at a position; for showing and for drains. */
    public static Optional<Position> read(Connection connection, String stream) throws SQLException {
        return select(connection, SELECT, stream);
    }

    /** Reads a position that this transaction will move. */
    public static Optional<Position> lockForUpdate(Connection connection, String stream) throws SQLException {
        return select(connection, SELECT + " FOR UPDATE", stream);
    }

    /**
     * Those of these transactions whose mirror is still wanted: the stream runs in {@code epoch} and has not delivered them. MySQL compares,
     * so that a long set need not travel. Holds the position until the transaction ends.
     */
    public static GtidSet awaited(Connection connection, String stream, Epoch epoch, Collection<String> gtids)
            throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT epoch, GTID_SUBTRACT(?, gtid_set) FROM cutover_position WHERE stream = ? FOR SHARE")) {
            select.setString(1, String.join(",", gtids));
            select.setString(2, stream);
            try (ResultSet row = select.executeQuery()) {
                return row.next() && row.getLong(1) == epoch.number()
                        ? GtidSet.parse(Fence.text(row, 2))
                        : GtidSet.EMPTY;
            }
        }
    }

    /**
     * Moves a position.
     *
     * @return false when another worker or epoch has taken it over: roll back and stop
     */
    public static boolean update(Connection connection, String stream, Epoch epoch, long owner, GtidSet set)
            throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(
                "UPDATE cutover_position SET gtid_set = ?, updated_at = CURRENT_TIMESTAMP(3)"
                        + " WHERE stream = ? AND epoch = ? AND owner = ?")) {
            update.setString(1, set.toString());
            update.setString(2, stream);
            update.setLong(3, epoch.number());
            update.setLong(4, owner);
            return update.executeUpdate() == 1;
        }
    }

    /**
     * Writes the first position of a stream in {@code epoch}, where there is none or one of an older epoch; one of this epoch stays.
     *
     * @throws FencedOffException when the fence is not {@code (replica, epoch)}
     */
    public static Position initialise(Connection connection, String stream, Epoch epoch, GtidSet start)
            throws SQLException {
        Fence.requireReplica(connection, epoch);
        try (PreparedStatement upsert = connection.prepareStatement(
                // MySQL assigns from left to right: the set is decided while epoch still has its old value.
                "INSERT INTO cutover_position (stream, epoch, owner, gtid_set) VALUES (?, ?, 0, ?)"
                        + " ON DUPLICATE KEY UPDATE gtid_set = IF(epoch < VALUES(epoch), VALUES(gtid_set), gtid_set),"
                        + " epoch = GREATEST(epoch, VALUES(epoch))")) {
            upsert.setString(1, stream);
            upsert.setLong(2, epoch.number());
            upsert.setString(3, start.toString());
            upsert.executeUpdate();
        }
        return required(connection, stream, epoch);
    }

    /**
     * Takes a position over: raises its owner, so that no earlier worker can move it.
     *
     * @return the position with the new owner
     * @throws FencedOffException when the fence is not {@code (replica, epoch)}
     */
    public static Position claimOwner(Connection connection, String stream, Epoch epoch) throws SQLException {
        Fence.requireReplica(connection, epoch);
        Position before = required(connection, stream, epoch);
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE cutover_position SET owner = ? WHERE stream = ?")) {
            update.setLong(1, before.owner() + 1);
            update.setString(2, stream);
            update.executeUpdate();
        }
        return new Position(before.set(), before.epoch(), before.owner() + 1);
    }

    private static Position required(Connection connection, String stream, Epoch epoch) throws SQLException {
        return lockForUpdate(connection, stream)
                .filter(position -> position.epoch().equals(epoch))
                .orElseThrow(() -> new IllegalStateException("There is no position of the stream '" + stream
                        + "' in epoch " + epoch + "; it has to be initialised from cutover_start first."));
    }

    private static Optional<Position> select(Connection connection, String sql, String stream) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setString(1, stream);
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? Optional.of(new Position(
                                GtidSet.parse(Fence.text(row, 1)), new Epoch(row.getLong(2)), row.getLong(3)))
                        : Optional.empty();
            }
        }
    }
}
