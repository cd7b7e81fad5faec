package dev.cutover.cli.step;

import dev.cutover.core.failpoint.Failpoint;

/** The durable points of a switch, in order; each is reached when its effect is committed. */
public enum SwitchPoint {
    PREPARED(Failpoint.SWITCH_PREPARED),
    CLAIMED(Failpoint.SWITCH_CLAIMED),
    CLOSED(Failpoint.SWITCH_CLOSED),
    MARKED(Failpoint.SWITCH_MARKED),
    DRAINED(Failpoint.SWITCH_DRAINED),
    /** Done beside the drain. */
    HANDED_OVER(Failpoint.SWITCH_HANDED_OVER),
    /** Done beside the last check. */
    STARTED(Failpoint.SWITCH_STARTED),
    CHECKED(Failpoint.SWITCH_CHECKED),
    DECIDED(Failpoint.SWITCH_DECIDED),
    OPENED(Failpoint.SWITCH_OPENED),
    RELEASED(Failpoint.SWITCH_RELEASED),
    SETTLED(Failpoint.SWITCH_SETTLED);

    private final Failpoint failpoint;

    SwitchPoint(Failpoint failpoint) {
        this.failpoint = failpoint;
    }

    /** Where a test can let the coordinator die exactly here. */
    public Failpoint failpoint() {
        return failpoint;
    }
}
