package dev.cutover.verifier.recheck;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.util.Optional;
import java.util.Set;

/** For closed fences, stopped applications and frozen tables: there is nothing to wait for.
 *
 * @param truth the side whose rows count
 * @param reason why nothing moves, for the certificate
 */
public record NothingMoves(Side truth, String reason) implements InFlight {
    @Override
    public boolean moving() {
        return false;
    }

    @Override
    public Optional<String> settle(Set<DatabaseId> databases) {
        return Optional.of(reason);
    }
}
