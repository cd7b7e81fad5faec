package dev.cutover.verifier;

/** What a verification says; only the first one opens a gate. */
public enum Verdict {
    /** Every cell of every table in scope was read on both sides and is equal. */
    EQUAL,
    /** At least one difference has a certificate. */
    DIFFERENT,
    /** No certified difference, but something could not be settled. */
    INCONCLUSIVE
}
