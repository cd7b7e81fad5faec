package dev.cutover.proxy;

import java.sql.SQLException;
import java.util.Optional;

/**
 * A unit of the application: several reads and writes that belong together, under an operation id inserted with them.
 *
 * <p>It may be run several times, on either side, each time in a new transaction of which at most one is committed: whatever it does
 * besides SQL on {@link Unit#connection()} has to stand that.
 */
public interface UnitOfWork<T> {
    /** The result of an earlier run with the same operation id, if there is one on this side; empty means: run. */
    Optional<T> replay(Unit unit) throws SQLException;

    /**
     * Does the work and inserts the operation id.
     *
     * @throws ConcurrentOperationException when the operation id is there already: a twin came first, its result is replayed
     */
    T run(Unit unit) throws SQLException;
}
