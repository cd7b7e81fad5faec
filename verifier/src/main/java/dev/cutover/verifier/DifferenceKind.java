package dev.cutover.verifier;

/** What is wrong with a row. */
public enum DifferenceKind {
    /** On OLD, nowhere on NEW. */
    MISSING,
    /** On NEW, not on OLD. */
    EXTRA,
    /** On both sides in the right table, with other content. */
    DIFFERENT,
    /** On NEW in a table its shard key does not belong to, and not where it belongs. */
    MISROUTED,
    /** On NEW where it belongs and in another table as well. */
    DUPLICATE,
    /** Rejected on OLD without a quarantine row on NEW, or the other way round. */
    QUARANTINE
}
