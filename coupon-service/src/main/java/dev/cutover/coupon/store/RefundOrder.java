package dev.cutover.coupon.store;

import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.operation.Operation;

/** One use of a coupon, taken back. */
public record RefundOrder(Operation operation, RedemptionId redemption, String refundNo) {
    public long userId() {
        return operation.userId();
    }
}
