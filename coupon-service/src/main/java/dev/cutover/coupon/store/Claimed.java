package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.template.Template;
import java.util.List;

/**
 * What a claim did.
 *
 * @param at epoch milliseconds of the claim
 * @param items in the order of {@link ClaimOrder#items}
 */
public record Claimed(ClaimOrder order, long at, List<Item> items) {
    public Claimed {
        items = List.copyOf(items);
    }

    /**
     * The coupons of one template.
     *
     * @param coupons in the order of {@link ClaimOrder.Item#couponSns}
     */
    public record Item(ClaimOrder.Item asked, Template template, Template.Validity validity, List<CouponId> coupons) {
        public Item {
            coupons = List.copyOf(coupons);
        }
    }
}
