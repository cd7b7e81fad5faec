package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.operation.Operation;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;

/**
 * Coupons one user spends on one order, all or none.
 *
 * @param coupons in ascending order of their numbers, the order in which every transaction locks them
 * @param orderMinor the amount of the order, when the caller tells it
 */
public record RedeemOrder(Operation operation, String orderNo, List<CouponId> coupons, OptionalLong orderMinor) {
    public RedeemOrder {
        coupons = coupons.stream()
                .sorted(Comparator.comparingLong(CouponId::number))
                .toList();
    }

    public long userId() {
        return operation.userId();
    }
}
