package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.operation.Operation;

/** A coupon that the back office recalls. */
public record VoidOrder(Operation operation, CouponId coupon, String operator, String reason) {
    public long userId() {
        return operation.userId();
    }
}
