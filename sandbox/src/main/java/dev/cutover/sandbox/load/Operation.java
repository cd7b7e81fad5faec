package dev.cutover.sandbox.load;

/** What a write of the load asks for. */
public enum Operation {
    CLAIM,
    REDEEM,
    REFUND,
    /** An earlier claim sent again under its old key: it must be answered as the first time, and do nothing. */
    REPLAY
}
