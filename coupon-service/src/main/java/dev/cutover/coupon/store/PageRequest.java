package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import java.util.Optional;

/**
 * A page of a user's coupons in ascending order of ids.
 *
 * @param limit how many rows at most
 * @param after the last id of the page before
 * @param filter only these, by what a client sees at {@code now}
 */
public record PageRequest(long userId, int limit, Optional<CouponId> after, CouponFilter filter, long now) {}
