package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.template.Template;
import java.util.List;

/**
 * What a claim did.
 *
 * @param at epoch milliseconds of the claim
 * @param coupons in the order of {@link ClaimOrder#couponSns}
 */
public record Claimed(
        ClaimOrder order, Template template, Template.Validity validity, long at, List<CouponId> coupons) {
    public Claimed {
        coupons = List.copyOf(coupons);
    }
}
