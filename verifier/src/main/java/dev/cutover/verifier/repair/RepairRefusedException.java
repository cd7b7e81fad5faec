package dev.cutover.verifier.repair;

import dev.cutover.core.CutoverException;

/** A repair did not begin, or did not go on; what was committed before is whole. */
public final class RepairRefusedException extends CutoverException {
    private final Reason reason;

    public RepairRefusedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Why. */
    public enum Reason {
        /** The file is not one that can be read, or not one that this migration wrote. */
        FILE,
        /** Another migration, or another plan. */
        PLAN,
        /** The epoch or the truth has moved. */
        MOVED,
        /** The stage does not let anybody write that side. */
        STAGE,
        /** More rows than allowed. */
        TOO_MANY,
        /** The fence or the position of a database does not admit it. */
        FENCE
    }

    public Reason reason() {
        return reason;
    }
}
