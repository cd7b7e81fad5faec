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

    public Register {
        if (readPercent < 0 || readPercent > 100 || shadowPercent < 0 || shadowPercent > 100) {
            throw new IllegalArgumentException("Percentages run from 0 to 100, not " + readPercent + " (reads) and "
                    + shadowPercent + " (shadow).");
        }
    }

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

    /** The first register of a migration. */
    public static Register initial(String migration, String planHash) {
        return new Register(
                1,
                migration,
                planHash,
                new Epoch(1),
                Side.OLD,
                Phase.STABLE,
                null,
                Decision.NONE,
                null,
                null,
                Stage.PLANNED,
                false,
                0,
                0,
                false);
    }

    /** A claimed switch to a side: the next epoch, not decided. */
    public Register claimed(Side to, String owner, Instant until) {
        return new Register(
                version,
                migration,
                planHash,
                epoch.next(),
                truth,
                Phase.SWITCHING,
                to,
                Decision.NONE,
                owner,
                until,
                stage,
                mirror,
                readPercent,
                shadowPercent,
                frozen);
    }

    /** The same switch driven by somebody else, or for longer. */
    public Register leasedTo(String owner, Instant until) {
        return new Register(
                version,
                migration,
                planHash,
                epoch,
                truth,
                phase,
                switchTo,
                decision,
                owner,
                until,
                stage,
                mirror,
                readPercent,
                shadowPercent,
                frozen);
    }

    /** The commit point of a claimed switch. */
    public Register decided(Decision outcome) {
        return new Register(
                version,
                migration,
                planHash,
                epoch,
                truth,
                phase,
                switchTo,
                outcome,
                leaseOwner,
                leaseUntil,
                stage,
                mirror,
                readPercent,
                shadowPercent,
                frozen);
    }

    /** Stable again, with the truth where the decision put it. */
    public Register settled(Side holder) {
        return new Register(
                version,
                migration,
                planHash,
                epoch,
                holder,
                Phase.STABLE,
                null,
                Decision.NONE,
                null,
                null,
                stage,
                mirror,
                readPercent,
                shadowPercent,
                frozen);
    }

    public Register withVersion(long newVersion) {
        return new Register(
                newVersion,
                migration,
                planHash,
                epoch,
                truth,
                phase,
                switchTo,
                decision,
                leaseOwner,
                leaseUntil,
                stage,
                mirror,
                readPercent,
                shadowPercent,
                frozen);
    }

    public Register withPlanHash(String newPlanHash) {
        return new Register(
                version,
                migration,
                newPlanHash,
                epoch,
                truth,
                phase,
                switchTo,
                decision,
                leaseOwner,
                leaseUntil,
                stage,
                mirror,
                readPercent,
                shadowPercent,
                frozen);
    }

    public Register withStage(Stage newStage) {
        return new Register(
                version,
                migration,
                planHash,
                epoch,
                truth,
                phase,
                switchTo,
                decision,
                leaseOwner,
                leaseUntil,
                newStage,
                mirror,
                readPercent,
                shadowPercent,
                frozen);
    }

    public Register withMirror(boolean newMirror) {
        return new Register(
                version,
                migration,
                planHash,
                epoch,
                truth,
                phase,
                switchTo,
                decision,
                leaseOwner,
                leaseUntil,
                stage,
                newMirror,
                readPercent,
                shadowPercent,
                frozen);
    }

    public Register withReadPercent(int newReadPercent) {
        return new Register(
                version,
                migration,
                planHash,
                epoch,
                truth,
                phase,
                switchTo,
                decision,
                leaseOwner,
                leaseUntil,
                stage,
                mirror,
                newReadPercent,
                shadowPercent,
                frozen);
    }

    public Register withShadowPercent(int newShadowPercent) {
        return new Register(
                version,
                migration,
                planHash,
                epoch,
                truth,
                phase,
                switchTo,
                decision,
                leaseOwner,
                leaseUntil,
                stage,
                mirror,
                readPercent,
                newShadowPercent,
                frozen);
    }

    public Register withFrozen(boolean newFrozen) {
        return new Register(
                version,
                migration,
                planHash,
                epoch,
                truth,
                phase,
                switchTo,
                decision,
                leaseOwner,
                leaseUntil,
                stage,
                mirror,
                readPercent,
                shadowPercent,
                newFrozen);
    }
}
