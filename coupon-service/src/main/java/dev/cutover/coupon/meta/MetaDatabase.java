package dev.cutover.coupon.meta;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FenceState;
import dev.cutover.core.fence.Role;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Short transactions in the meta database, each behind its fence: the row is read first and held to the commit, so that a switch either
 * waits for the write or refuses it. Safe for many threads.
 */
public final class MetaDatabase {
    private final Topology topology;

    /** Statements in a transaction that is committed behind them; the epoch is that of the open fence. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Connection connection, Epoch epoch) throws SQLException;
    }

    public MetaDatabase(Topology topology) {
        this.topology = topology;
    }

    public <T> T write(Work<T> work) {
        return own(connection -> {
            FenceState fence = Fence.readShared(connection);
            if (fence.role() != Role.PRIMARY || !fence.sameServer()) {
                throw new EpochMovedException("the meta database", fence.role() + " " + fence.epoch());
            }
            return work.run(connection, fence.epoch());
        });
    }

    /**
     * A transaction in tables that no plan names, such as those of tokens: nothing copies, streams or compares them, so no switch has to
     * wait for it, and it is done in every stage. The fence is not asked.
     */
    public <T> T own(Read<T> work) {
        try (Connection connection = topology.database(DatabaseId.META).getConnection()) {
            connection.setAutoCommit(false);
            try {
                T result = work.run(connection);
                connection.commit();
                return result;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("A write to the meta database", e);
        }
    }

    /** Statements that change nothing, each in a transaction of its own; the fence is not asked. */
    public <T> T read(Read<T> read) {
        try (Connection connection = topology.database(DatabaseId.META).getConnection()) {
            return read.run(connection);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("A read of the meta database", e);
        }
    }

    /** Statements in tables that no plan names, each committed by itself: who repeats one finds what it did. The fence is not asked. */
    public <T> T each(Read<T> work) {
        try (Connection connection = topology.database(DatabaseId.META).getConnection()) {
            return work.run(connection);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("A write to the meta database", e);
        }
    }

    /** What a read does with its session. */
    @FunctionalInterface
    public interface Read<T> {
        T run(Connection connection) throws SQLException;
    }
}
