package dev.cutover.chaos.history;

/** Where the truth can lie; the history's own word, so that it needs none of the toolkit's. */
public enum Side {
    OLD,
    NEW;

    public Side other() {
        return this == OLD ? NEW : OLD;
    }
}
