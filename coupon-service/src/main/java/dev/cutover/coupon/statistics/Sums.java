package dev.cutover.coupon.statistics;

/**
 * Counts of acts; money in minor units.
 *
 * @param issued coupons
 * @param redeemed uses
 * @param refunded uses taken back whole
 * @param refundedMinor also of parts
 */
public record Sums(long issued, long redeemed, long redeemedMinor, long refunded, long refundedMinor) {
    public static final Sums NOTHING = new Sums(0, 0, 0, 0, 0);

    public Sums plus(Sums other) {
        return new Sums(
                issued + other.issued,
                redeemed + other.redeemed,
                redeemedMinor + other.redeemedMinor,
                refunded + other.refunded,
                refundedMinor + other.refundedMinor);
    }

    Sums minus(Sums other) {
        return new Sums(
                issued - other.issued,
                redeemed - other.redeemed,
                redeemedMinor - other.redeemedMinor,
                refunded - other.refunded,
                refundedMinor - other.refundedMinor);
    }
}
