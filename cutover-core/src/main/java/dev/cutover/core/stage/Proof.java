package dev.cutover.core.stage;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * As of when one database is proven equal.
 *
 * @param database on NEW
 * @param truth the side whose rows counted
 * @param runId the last full pass that found everything equal
 * @param position the GTID set the source had executed when that pass began: every commit in it was there to be compared
 * @param startedAt nothing the proof rests on is older
 * @param provenAt when the pass ended
 * @param rechecked changed keys that were compared again since
 * @param passedOver changed keys that were not, because there were too many
 * @param recheckedAt when the last of them was compared; null before the first
 * @param voidReason why the proof does not hold any more; null while it does
 */
public record Proof(
        DatabaseId database,
        Side truth,
        String runId,
        Epoch epoch,
        String position,
        Instant startedAt,
        Instant provenAt,
        long rechecked,
        long passedOver,
        @Nullable Instant recheckedAt,
        @Nullable String voidReason) {

    public boolean holds() {
        return voidReason == null;
    }

    /** The share of changed keys that were compared again, 0 to 1. */
    public double share() {
        long changed = rechecked + passedOver;
        return changed == 0 ? 1 : (double) rechecked / changed;
    }
}
