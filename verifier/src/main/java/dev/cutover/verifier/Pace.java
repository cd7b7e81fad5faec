package dev.cutover.verifier;

/** Holds a pass back between two key ranges, for as long as others need the servers more, or ends it. Safe for many threads. */
public interface Pace {
    Pace FREE = () -> {};

    /**
     * Called before each range and once before the outcome is written down; returns when the pass may go on.
     *
     * @throws VerificationStoppedException when it may not: nothing is recorded of it, and what it has proven waits for the next
     */
    void beforeNext();
}
