package dev.cutover.sandbox.load;

/**
 * An acknowledged write that cannot be found again as it was acknowledged.
 *
 * @param where {@code api}, or the database and table that were read
 * @param message what was expected and what was found
 */
public record Lost(Kind kind, Operation operation, long user, String id, String where, String message) {
    /** What is wrong. */
    public enum Kind {
        MISSING,
        /** There more than once. */
        TWICE,
        WRONG_STATUS,
        /** A coupon that no acknowledged and no unanswered request explains. */
        UNASKED,
        /** In a physical table where nobody will look for it. */
        MISPLACED
    }
}
