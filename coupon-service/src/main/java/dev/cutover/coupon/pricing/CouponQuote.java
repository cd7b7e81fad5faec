package dev.cutover.coupon.pricing;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one coupon takes off an order, or why it takes nothing.
 *
 * @param refused null when it can be used
 * @param param the part of the request that stands against it, empty for none
 * @param message a sentence for whoever asked, empty when it can be used
 * @param freight whether it takes from the freight instead of the goods
 * @param shares of the lines it is good for, which come to its amount; empty when the lines are not told
 */
public record CouponQuote(
        CouponId id,
        @Nullable Reason refused,
        String param,
        String message,
        long amountMinor,
        boolean freight,
        List<Share> shares) {
    /**
     * What comes off one line.
     *
     * @param line its place in the order, from 0
     */
    public record Share(int line, long amountMinor) {}

    public CouponQuote {
        shares = List.copyOf(shares);
    }

    public static CouponQuote usable(CouponId id, long amountMinor, boolean freight, List<Share> shares) {
        return new CouponQuote(id, null, "", "", amountMinor, freight, shares);
    }

    public static CouponQuote refused(CouponId id, Refusal refusal) {
        return new CouponQuote(
                id, refusal.reason(), refusal.param(), String.valueOf(refusal.getMessage()), 0, false, List.of());
    }

    /** Throws why it cannot be used, if so. */
    public void require() {
        if (refused != null) {
            throw new Refusal(refused, param, message);
        }
    }
}
