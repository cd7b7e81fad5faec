package dev.cutover.coupon.id;

import java.util.Optional;

/**
 * One coupon of one user: {@code sequence << 10 | slot}, the same on both sides because the sequence is the mall's id.
 *
 * @param number the value of {@code user_coupon.coupon_id}
 */
public record CouponId(long number) {
    public static CouponId of(long sequence, int slot) {
        return new CouponId(SlottedNumber.of(sequence, slot));
    }

    /** Empty when the text is not an id, which a caller answers like an id nobody has. */
    public static Optional<CouponId> parse(String text) {
        return PrefixedNumber.parse("cpn_", text).map(CouponId::new);
    }

    /** The value of {@code mall_coupon_user.id}. */
    public long sequence() {
        return SlottedNumber.sequence(number);
    }

    public int slot() {
        return SlottedNumber.slot(number);
    }

    @Override
    public String toString() {
        return "cpn_" + number;
    }
}
