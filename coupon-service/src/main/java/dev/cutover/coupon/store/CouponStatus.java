package dev.cutover.coupon.store;

/** What a client sees of a coupon's life. */
public enum CouponStatus {
    AVAILABLE,
    USED,
    EXPIRED,
    VOIDED
}
