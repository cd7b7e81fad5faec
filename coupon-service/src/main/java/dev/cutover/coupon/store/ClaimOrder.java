package dev.cutover.coupon.store;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Operation;
import java.util.List;

/**
 * Coupons of one template for one user, all or none.
 *
 * @param couponSns the serial text of each coupon, one a coupon: chosen before the side is known, so that a repeat on the other side
 *     writes the same
 */
public record ClaimOrder(Operation operation, TemplateId template, List<String> couponSns) {
    public ClaimOrder {
        couponSns = List.copyOf(couponSns);
        if (couponSns.isEmpty()) {
            throw new IllegalArgumentException("A claim is for at least one coupon.");
        }
    }

    public long userId() {
        return operation.userId();
    }

    public int quantity() {
        return couponSns.size();
    }
}
