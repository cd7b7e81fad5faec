package dev.cutover.coupon.store;

/**
 * A coupon on NEW and how often its row was changed.
 *
 * @param version goes up with every change of the row
 */
public record VersionedCoupon(CouponRow row, int version) {
    /** Whether it can still be used, also by whoever holds it. */
    public boolean unused() {
        return row.status() == CouponRow.AVAILABLE;
    }
}
