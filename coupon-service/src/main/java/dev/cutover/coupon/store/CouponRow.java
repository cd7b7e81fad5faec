package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.template.Discount;
import org.jspecify.annotations.Nullable;

/**
 * One coupon of a user as both sides tell it; times are epoch milliseconds.
 *
 * @param status 1 available, 3 used, 4 expired, 5 voided
 * @param validTo exclusive; null only for a row of the mall that has no end
 * @param discount null only for a row of the mall whose template is gone
 * @param holdNo the hold that has or had it, null for none and on the side of the mall
 * @param holdUntil when that hold ends, exclusive
 */
public record CouponRow(
        CouponId id,
        long userId,
        TemplateId templateId,
        @Nullable String couponSn,
        int status,
        @Nullable Long validFrom,
        @Nullable Long validTo,
        @Nullable String orderNo,
        @Nullable Long usedAt,
        @Nullable Long createdAt,
        @Nullable Discount discount,
        @Nullable String holdNo,
        @Nullable Long holdUntil) {
    public static final int AVAILABLE = 1;
    public static final int USED = 3;
    public static final int EXPIRED = 4;
    public static final int VOIDED = 5;

    /** Whether a hold has it at {@code now}. */
    public boolean heldAt(long now) {
        return status == AVAILABLE && holdUntil != null && holdUntil > now;
    }

    /** The word a client sees at {@code now}: nobody has to expire a coupon, or the hold of one, for it to be so. */
    public CouponStatus statusAt(long now) {
        return switch (status) {
            case USED -> CouponStatus.USED;
            case EXPIRED -> CouponStatus.EXPIRED;
            case VOIDED -> CouponStatus.VOIDED;
            // Held before its end, it may be used until the end of the hold.
            default ->
                heldAt(now)
                        ? CouponStatus.HELD
                        : validTo != null && validTo <= now ? CouponStatus.EXPIRED : CouponStatus.AVAILABLE;
        };
    }
}
