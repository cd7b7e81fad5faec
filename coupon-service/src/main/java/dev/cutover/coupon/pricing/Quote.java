package dev.cutover.coupon.pricing;

import dev.cutover.coupon.id.CouponId;
import java.util.List;
import java.util.OptionalLong;

/**
 * What coupons together take off an order.
 *
 * @param coupons in the order in which they were asked for
 */
public record Quote(Cart cart, List<CouponQuote> coupons) {
    public Quote {
        coupons = List.copyOf(coupons);
    }

    /** Throws why the first coupon that cannot be used cannot. */
    public void require() {
        coupons.forEach(CouponQuote::require);
    }

    /** Whether all coupons can be used together. */
    public boolean valid() {
        return coupons.stream().allMatch(coupon -> coupon.refused() == null);
    }

    public CouponQuote of(CouponId id) {
        return coupons.stream()
                .filter(coupon -> coupon.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("Coupon " + id + " was not asked for."));
    }

    /** What the usable ones take off in all. */
    public long discountMinor() {
        return coupons.stream().mapToLong(CouponQuote::amountMinor).sum();
    }

    /** What is left to pay, with freight; unknown when the amount of the order is. */
    public OptionalLong payableMinor() {
        return cart.amountMinor().isPresent()
                ? OptionalLong.of(cart.amountMinor().getAsLong() + cart.freightMinor() - discountMinor())
                : OptionalLong.empty();
    }

    /** What comes off each line, of goods and freight together, in the order of the lines. */
    public List<Long> lineDiscounts() {
        long[] discounts = new long[cart.lines().size()];
        coupons.forEach(coupon -> coupon.shares().forEach(share -> discounts[share.line()] += share.amountMinor()));
        return java.util.Arrays.stream(discounts).boxed().toList();
    }
}
