package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.pricing.Cart;
import java.util.Comparator;
import java.util.List;

/**
 * Coupons one user spends on one order, all or none.
 *
 * @param coupons in ascending order of their numbers, the order in which every transaction locks them
 * @param cart what the order is of, as far as the caller tells it
 */
public record RedeemOrder(Operation operation, String orderNo, List<CouponId> coupons, Cart cart) {
    public RedeemOrder {
        coupons = inLockOrder(coupons);
    }

    static List<CouponId> inLockOrder(List<CouponId> coupons) {
        return coupons.stream()
                .sorted(Comparator.comparingLong(CouponId::number))
                .toList();
    }

    public long userId() {
        return operation.userId();
    }
}
