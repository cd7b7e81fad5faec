package dev.cutover.core.stage;

/** The named steps of a rolling migration, in order. */
public enum Stage {
    PLANNED,
    FROZEN,
    SINGLE_WRITE,
    STATIC_COPIED,
    DUAL_WRITE,
    DYNAMIC_COPIED,
    VERIFIED,
    RAMPING,
    SWITCHED,
    COMPLETED;

    public boolean atLeast(Stage other) {
        return compareTo(other) >= 0;
    }
}
