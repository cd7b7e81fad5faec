package dev.cutover.coupon.store;

/** What a client sees of a coupon's life. */
public enum CouponStatus {
    AVAILABLE,
    USED,
    EXPIRED,
    VOIDED,
    /** Kept for an order until the hold is confirmed, released or over. */
    HELD
}
