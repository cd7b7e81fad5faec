package dev.cutover.cli.step;

/** The durable points of a switch, in order; each is reached when its effect is committed. */
public enum SwitchPoint {
    PREPARED,
    CLAIMED,
    CLOSED,
    MARKED,
    DRAINED,
    STARTED,
    HANDED_OVER,
    CHECKED,
    DECIDED,
    OPENED,
    RELEASED,
    SETTLED
}
