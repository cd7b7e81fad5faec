package dev.cutover.coupon.store;

import dev.cutover.coupon.pricing.Quote;
import java.util.List;

/**
 * What a use of coupons did.
 *
 * @param redemptions in ascending order of the coupons' ids
 * @param quote the amounts they rest on
 */
public record Redeemed(long userId, String orderNo, List<RedemptionRow> redemptions, Quote quote) {
    public Redeemed {
        redemptions = List.copyOf(redemptions);
    }
}
