package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import org.jspecify.annotations.Nullable;

/**
 * One use of a coupon as both sides tell it.
 *
 * @param orderNo null only in old rows of the mall
 * @param amountMinor what it took off, in minor units
 * @param refunded whether all of it was taken back
 * @param refundNo the last refund; null for none, and for old ones of the mall
 */
public record RedemptionRow(
        RedemptionId id,
        long userId,
        @Nullable String orderNo,
        CouponId couponId,
        long amountMinor,
        boolean refunded,
        @Nullable String refundNo,
        @Nullable Long createdAt) {}
