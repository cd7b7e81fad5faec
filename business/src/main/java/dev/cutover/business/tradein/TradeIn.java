package dev.cutover.business.tradein;

import org.jspecify.annotations.Nullable;

/**
 * One device that its user wants to trade in.
 *
 * @param number the caller's
 * @param grade A to D: as its user told it, then as it was found
 * @param templateId what it is worth
 * @param couponId when that was given
 * @param refusal the code of the error when the coupon service refused it
 */
public record TradeIn(
        String number,
        long userId,
        String model,
        String grade,
        State state,
        String templateId,
        @Nullable String couponId,
        @Nullable String refusal) {
    /** How far it is. */
    public enum State {
        QUOTED,
        INSPECTED,
        /** The user has taken the offer; the coupon is on its way. */
        ACCEPTED,
        GIVEN,
        DECLINED,
        REFUSED
    }
}
