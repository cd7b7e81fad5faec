package dev.cutover.business.campaign;

import org.jspecify.annotations.Nullable;

/**
 * A user whom an advertiser has won, and the coupon he is given for it.
 *
 * @param number the advertiser's
 * @param refusal the code of the error when the coupon service refused it
 */
public record Conversion(
        long campaign,
        String number,
        long userId,
        State state,
        @Nullable String couponId,
        @Nullable String refusal) {
    /** How far it is. */
    public enum State {
        /** The price is set aside; the coupon is on its way. */
        RESERVED,
        GIVEN,
        REFUSED,
        CHARGED,
        /** The coupon can never be used any more, and costs nothing. */
        CLOSED,
        /** The use was taken back; whether the coupon can be used again is not heard yet. */
        TAKEN_BACK
    }
}
