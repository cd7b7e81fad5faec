package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.FenceWatch.Role;
import dev.cutover.chaos.history.Side;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * I9: never two sides open. Follows the register and all fences in the order of their commits. Owned by one thread.
 *
 * <p>The servers share a clock and a step begins after the answer of the one before it, so commit times order them.
 */
final class RegisterWatch {
    private final Collection<FenceWatch> fences;
    private final Findings findings;
    private boolean seen;
    private long epoch;
    private Side truth = Side.OLD;
    private boolean switching;
    private @Nullable Side switchTo;
    private String decision = "NONE";

    RegisterWatch(Collection<FenceWatch> fences, Findings findings) {
        this.fences = fences;
        this.findings = findings;
    }

    boolean seen() {
        return seen;
    }

    Side truth() {
        return truth;
    }

    /** A register row: id, version, migration, plan_hash, epoch, truth, phase, switch_to, decision. */
    void moved(RowImage row, LoggedTransaction transaction) {
        String decidedBefore = decision;
        long epochBefore = epoch;
        seen = true;
        epoch = row.number(4);
        truth = Side.valueOf(row.text(5));
        switching = row.text(6).equals("SWITCHING");
        switchTo = row.isNull(7) ? null : Side.valueOf(row.text(7));
        decision = row.text(8);
        if (epoch < epochBefore) {
            findings.add(
                    "I9",
                    "the epoch of the register never goes down",
                    () -> "from " + epochBefore + " to " + epoch + " at " + transaction.where());
        }
        Side to = switchTo;
        if (to != null && decision.equals("COMMIT") && !(decidedBefore.equals("COMMIT") && epoch == epochBefore)) {
            for (FenceWatch fence : fences) {
                boolean closed = fence.side == to
                        ? fence.role != Role.PRIMARY
                        : fence.role == Role.CLOSING && fence.epoch == epoch;
                if (!closed) {
                    findings.add(
                            "I9",
                            "a switch is decided when every database of the side being left is closed for it",
                            () -> "COMMIT of epoch " + epoch + " to " + to + " at " + transaction.where() + ", but "
                                    + fence.place + " has the " + fence.fence());
                }
            }
        }
    }

    /** A fence that has just been opened in an epoch. */
    void opened(FenceWatch fence, boolean first, LoggedTransaction transaction) {
        for (FenceWatch other : fences) {
            if (other.side != fence.side && other.role == Role.PRIMARY) {
                findings.add(
                        "I9",
                        "never are both sides open",
                        () -> fence.place + " was opened in epoch " + fence.epoch + " at " + transaction.where()
                                + " while " + other.place + " had the " + other.fence());
            }
        }
        if (!seen || first) {
            return;
        }
        boolean decided = switching && epoch == fence.epoch
                ? decision.equals("COMMIT") ? switchTo == fence.side : decision.equals("ABORT") && truth == fence.side
                : !switching && truth == fence.side;
        if (!decided) {
            findings.add(
                    "I9",
                    "a side is opened only after that was decided",
                    () -> fence.place + " was opened in epoch " + fence.epoch + " at " + transaction.where()
                            + " while the register said truth " + truth + ", epoch " + epoch
                            + (switching ? ", switching to " + switchTo + ", decision " + decision : ", stable"));
        }
    }
}
