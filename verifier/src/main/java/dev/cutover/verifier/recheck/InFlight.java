package dev.cutover.verifier.recheck;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.util.Optional;
import java.util.Set;

/** Waits until nothing that was visible on the truth is still on its way to the other side. */
public interface InFlight {
    /** The side whose rows count. */
    Side truth();

    /** Whether a row must be seen unequal twice, because rows may move between two reads. */
    boolean moving();

    /**
     * Returns when all that the truth showed when this was called is applied on the other side.
     *
     * @param databases the databases of NEW whose rows are asked for
     * @return what was waited for, for the certificate; empty when it did not arrive in time
     */
    Optional<String> settle(Set<DatabaseId> databases);
}
