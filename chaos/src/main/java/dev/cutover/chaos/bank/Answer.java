package dev.cutover.chaos.bank;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the bank answers; JSON on the wire.
 *
 * @param status OK; REFUSED: the rules of the bank forbid it, nothing was written; AGAIN: nothing is known, ask again with the same id
 * @param result claim, redeem and release: the legacy id of the coupon
 * @param epoch writes: of the fence that admitted it
 * @param side which side answered
 * @param lists reads: the appended operations of each probe
 * @param why of what is not OK
 */
public record Answer(
        Status status,
        long result,
        long epoch,
        @Nullable String side,
        @Nullable Map<Integer, List<String>> lists,
        @Nullable String why) {
    /** How it ended. */
    public enum Status {
        OK,
        REFUSED,
        AGAIN
    }

    static Answer written(Effect effect) {
        return new Answer(Status.OK, effect.result(), effect.epoch(), effect.side(), null, null);
    }

    static Answer seen(String side, Map<Integer, List<String>> lists) {
        return new Answer(Status.OK, 0, 0, side, lists, null);
    }

    static Answer refused(String why) {
        return new Answer(Status.REFUSED, 0, 0, null, null, why);
    }

    public static Answer again(String why) {
        return new Answer(Status.AGAIN, 0, 0, null, null, why);
    }
}
