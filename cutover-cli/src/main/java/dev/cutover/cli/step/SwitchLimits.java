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
 * @param xaAccepted whether somebody said that the XA transactions on the old server are no concern
 */
public record SwitchLimits(
        Duration maxLag,
        Duration writePause,
        Duration lockWait,
        Duration timeout,
        @Nullable Long acceptedQuarantine,
        boolean xaAccepted) {
    public static SwitchLimits of(SwitchPlan plan) {
        return new SwitchLimits(
                plan.maxLag(), plan.writePause(), lockWait(plan.writePause()), plan.timeout(), null, false);
    }

    /**
     * How long a close may wait for the transactions that were there before it. While it waits nobody new begins, so each moment it is
     * nearer to its end; taken back and asked again it starts from nothing. So it gets all that carry-over and decision can spare.
     */
    public static Duration lockWait(Duration writePause) {
        return writePause.multipliedBy(2).dividedBy(5);
    }

    /**
     * From when on anyone may abort an undecided switch: a little after its own coordinator gives it up, so that a dead one costs
     * writers no more than a third of a budget of four pauses.
     */
    public Duration lease() {
        return writePause.multipliedBy(4).dividedBy(3);
    }
}
