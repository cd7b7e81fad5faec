package dev.cutover.core.topology;

/** The two sides of a migration; exactly one of them holds the truth. */
public enum Side {
    OLD,
    NEW;

    /** The side that is not this one. */
    public Side other() {
        return this == OLD ? NEW : OLD;
    }
}
