package dev.cutover.cli.step;

import dev.cutover.core.plan.SwitchPlan;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a switch may cost.
 *
 * @param maxLag it does not begin while the stream is further behind
 * @param writePause it aborts when it has not decided so long after the first close was asked for
 * @param lockWait how long one close may hold up new writers
 * @param timeout no attempt begins later than this
 * @param acceptedQuarantine rows in quarantine that were acknowledged; null: as many as at the last verification
 */
public record SwitchLimits(
        Duration maxLag,
        Duration writePause,
        Duration lockWait,
        Duration timeout,
        @Nullable Long acceptedQuarantine) {
    /** New writers queue behind the close; this is what they may wait. */
    public static final Duration LOCK_WAIT = Duration.ofMillis(100);

    public static SwitchLimits of(SwitchPlan plan) {
        return new SwitchLimits(plan.maxLag(), plan.writePause(), LOCK_WAIT, plan.timeout(), null);
    }

    /**
     * From when on anyone may abort an undecided switch: a little after its own coordinator gives it up, so that a dead one costs
     * writers no more than a third of a budget of four pauses.
     */
    public Duration lease() {
        return writePause.multipliedBy(4).dividedBy(3);
    }
}
