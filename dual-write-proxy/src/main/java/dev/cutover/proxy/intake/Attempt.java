package dev.cutover.proxy.intake;

import dev.cutover.core.fence.FenceState;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.proxy.ConcurrentOperationException;
import java.sql.SQLException;

/** What one run of a unit came to. */
sealed interface Attempt<T> {
    /**
     * Committed, or found committed before.
     *
     * @param committed whether it was this run that committed
     */
    record Done<T>(T value, boolean committed) implements Attempt<T> {}

    /** The fence did not admit it; nothing was written. */
    record Refused<T>(DatabaseId database, FenceState fence) implements Attempt<T> {}

    /** An error ended it before its COMMIT was sent; nothing was written. */
    record Killed<T>(DatabaseId database, SQLException error) implements Attempt<T> {}

    /** No session could be had; nothing was begun. */
    record NotBegun<T>(RuntimeException failure) implements Attempt<T> {}

    /** COMMIT was sent and not answered. */
    record Unknown<T>(DatabaseId database, SQLException error) implements Attempt<T> {}

    /** The operation id is there already; rolled back. */
    record Twin<T>(ConcurrentOperationException found) implements Attempt<T> {}

    /** The work threw; rolled back. */
    record Failed<T>(RuntimeException failure) implements Attempt<T> {}
}
