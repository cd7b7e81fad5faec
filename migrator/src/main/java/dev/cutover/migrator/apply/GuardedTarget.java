package dev.cutover.migrator.apply;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.IdleHolders;
import dev.cutover.core.fence.OwnMark;
import dev.cutover.core.fence.Position;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.position.GtidSet;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * One session on a target through which everything is written: batches, chunks, positions.
 *
 * <p><b>Idea.</b> Every transaction first reads the fence {@code FOR SHARE} (replica, this epoch, this server), then locks the position row and
 * compares owner and set with what this worker remembers, then writes rows and position together.
 *
 * <p><b>Invariant.</b> The position row names exactly the source transactions whose effect is here, and only the worker that claimed it last
 * moves it.
 *
 * <p><b>What breaks without it.</b> Without the fence a worker that was paused over a switch overwrites newer rows. Without the comparison two
 * workers, or one that does not know whether its last commit went through, move the position past rows that are not there. With the locks
 * in another order the mirrors, who take fence, position and rows, deadlock with it.
 *
 * <p>Guarded by the worker's turn.
 */
final class GuardedTarget implements AutoCloseable {
    private static final int LOCK_WAIT_SECONDS = 2;
    private static final int LOCK_WAIT_TIMEOUT = 1205;

    private final String stream;
    private final Epoch epoch;
    private final Connection connection;
    private Position remembered;

    private GuardedTarget(String stream, Epoch epoch, Connection connection, Position remembered) {
        this.stream = stream;
        this.epoch = epoch;
        this.connection = connection;
        this.remembered = remembered;
    }

    /** Writes inside a guarded transaction. */
    @FunctionalInterface
    interface Work {
        void run(Connection connection) throws SQLException;
    }

    /**
     * Takes the position over, making it where there is none.
     *
     * @param start where the stream of this epoch begins
     * @param startEpoch the epoch that start was recorded in: a position of that epoch or a later one goes on, because the switches in
     *     between were aborted and the stream never turned round
     */
    static GuardedTarget open(Connection connection, String stream, Epoch epoch, GtidSet start, Epoch startEpoch)
            throws SQLException {
        GuardedTarget target = IdleHolders.past(
                connection, "cutover_position", () -> claim(connection, stream, epoch, start, startEpoch));
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET SESSION innodb_lock_wait_timeout = " + LOCK_WAIT_SECONDS);
        }
        return target;
    }

    private static GuardedTarget claim(
            Connection connection, String stream, Epoch epoch, GtidSet start, Epoch startEpoch) throws SQLException {
        connection.setAutoCommit(false);
        Fence.requireReplica(connection, epoch);
        Optional<Position> before = Positions.lockForUpdate(connection, stream);
        GtidSet set = before.filter(position -> position.epoch().compareTo(startEpoch) >= 0)
                .map(Position::set)
                .orElse(start);
        Positions.initialise(connection, stream, epoch, set);
        Position claimed = Positions.claimOwner(connection, stream, epoch);
        connection.commit();
        return new GuardedTarget(stream, epoch, connection, claimed);
    }

    GtidSet position() {
        return remembered.set();
    }

    /** Runs the work and moves the position, or does neither; on an exception the transaction is rolled back. */
    void write(GtidSet newPosition, Work work) throws SQLException {
        try {
            Fence.requireReplica(connection, epoch);
            Position found = Positions.lockForUpdate(connection, stream)
                    .filter(remembered::equals)
                    .orElseThrow(() -> new ApplyFailedException(
                            "The position of stream '" + stream + "' in " + catalog()
                                    + " is not what this worker left there ("
                                    + remembered
                                    + "): another worker has taken over, or a commit went another way than its "
                                    + "answer said. Nothing was written; the position is read again.",
                            null));
            work.run(connection);
            if (newPosition.equals(found.set())) {
                // A chunk moves no position; without a mark the watch would take it for a stranger's.
                OwnMark.put(connection, "copy");
            } else if (!Positions.update(connection, stream, epoch, found.owner(), newPosition)) {
                throw new ApplyFailedException("The position of stream '" + stream + "' could not be moved.", null);
            }
            connection.commit();
            remembered = new Position(newPosition, epoch, found.owner());
        } catch (SQLException e) {
            rollback(e);
            if (e.getErrorCode() == LOCK_WAIT_TIMEOUT) {
                // A process that was stopped in the middle of a mirror holds the position for as long as it stands
                // still.
                IdleHolders.end(connection, "cutover_position", e);
            }
            throw e;
        } catch (RuntimeException e) {
            rollback(e);
            throw e;
        }
    }

    /** The session, for reading between transactions. */
    Connection connection() {
        return connection;
    }

    private String catalog() {
        try {
            return connection.getCatalog();
        } catch (SQLException e) {
            return "a closed session";
        }
    }

    private void rollback(Exception after) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            after.addSuppressed(e);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
