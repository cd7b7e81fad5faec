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
        @Nullable Discount discount) {
    public static final int AVAILABLE = 1;
    public static final int USED = 3;
    public static final int EXPIRED = 4;
    public static final int VOIDED = 5;

    /** The word a client sees at {@code now}: nobody has to expire a coupon for it to be expired. */
    public CouponStatus statusAt(long now) {
        return switch (status) {
            case USED -> CouponStatus.USED;
            case EXPIRED -> CouponStatus.EXPIRED;
            case VOIDED -> CouponStatus.VOIDED;
            default -> validTo != null && validTo <= now ? CouponStatus.EXPIRED : CouponStatus.AVAILABLE;
        };
    }
}
