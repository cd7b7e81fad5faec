package dev.cutover.coupon.store;

import dev.cutover.coupon.id.TemplateId;
import org.jspecify.annotations.Nullable;

/**
 * What a refund did.
 *
 * @param at epoch milliseconds of the refund
 * @param amountMinor what this refund took back
 * @param refundedMinor what all refunds of this use have taken back
 * @param restored whether the coupon came back, usable or expired; false when it stays used, or when somebody else had changed it since
 * @param couponStatus what the coupon is now
 * @param template what the coupon is of, null for one that is gone
 */
public record Refunded(
        RefundOrder order,
        RedemptionRow redemption,
        long at,
        long amountMinor,
        long refundedMinor,
        boolean restored,
        CouponStatus couponStatus,
        @Nullable TemplateId template) {}
