package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.pricing.Cart;
import java.time.Duration;
import java.util.List;

/**
 * Coupons one user keeps for one order, all or none.
 *
 * @param id chosen before, so that a repeat keeps them under the same
 * @param coupons in the order in which every transaction locks them
 * @param ttl how long nobody else gets them
 */
public record HoldOrder(
        Operation operation, HoldId id, String orderNo, List<CouponId> coupons, Cart cart, Duration ttl) {
    public HoldOrder {
        coupons = RedeemOrder.inLockOrder(coupons);
    }

    public long userId() {
        return operation.userId();
    }
}
