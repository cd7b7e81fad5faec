package dev.cutover.core.stage;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.Side;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The one row of the control database that says where the migration stands; moved only by compare-and-set on {@code version}.
 *
 * @param version grows by one with every move
 * @param epoch grows by one with every claimed switch
 * @param truth the side whose databases hold the truth (while switching: the side being left)
 * @param phase stable, or in the middle of a switch
 * @param switchTo the side a claimed switch goes to; null when stable
 * @param decision the commit point of a claimed switch
 * @param leaseOwner who drives the claimed switch, null when stable
 * @param leaseUntil from when on anyone may abort it
 * @param mirror whether writes are mirrored to the side that is not the truth
 * @param readPercent share of users, 0 to 100, whose reads go to NEW while OLD is the truth
 * @param shadowPercent share of reads, 0 to 100, compared on both sides
 * @param frozen whether the back office is frozen
 */
public record Register(
        long version,
        String migration,
        String planHash,
        Epoch epoch,
        Side truth,
        Phase phase,
        @Nullable Side switchTo,
        Decision decision,
        @Nullable String leaseOwner,
        @Nullable Instant leaseUntil,
        Stage stage,
        boolean mirror,
        int readPercent,
        int shadowPercent,
        boolean frozen) {

    /** Stable, or between the claim of a switch and its end. */
    public enum Phase {
        STABLE,
        SWITCHING
    }

    /** The outcome of a claimed switch: none yet, or exactly one of two. */
    public enum Decision {
        NONE,
        COMMIT,
        ABORT
    }

    public WriteMode mode() {
        return WriteMode.of(truth, mirror);
    }
}
