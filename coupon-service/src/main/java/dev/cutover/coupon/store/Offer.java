package dev.cutover.coupon.store;

import dev.cutover.coupon.pricing.CouponQuote;

/** A coupon and what it would take off an order by itself. */
public record Offer(CouponRow coupon, CouponQuote quote) {}
