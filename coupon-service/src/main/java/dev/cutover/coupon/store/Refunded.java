package dev.cutover.coupon.store;

/**
 * What a refund did.
 *
 * @param at epoch milliseconds of the refund
 * @param restored whether the coupon came back, usable or expired; false when somebody else had changed it since
 * @param couponStatus what the coupon is now
 */
public record Refunded(
        RefundOrder order, RedemptionRow redemption, long at, boolean restored, CouponStatus couponStatus) {}
