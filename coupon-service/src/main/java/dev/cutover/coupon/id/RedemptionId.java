package dev.cutover.coupon.id;

import java.util.Optional;

/**
 * One use of one coupon: {@code sequence << 10 | slot}, the same on both sides.
 *
 * @param number the value of {@code coupon_redemption.redemption_id}
 */
public record RedemptionId(long number) {
    public static RedemptionId of(long sequence, int slot) {
        return new RedemptionId(SlottedNumber.of(sequence, slot));
    }

    public static Optional<RedemptionId> parse(String text) {
        return PrefixedNumber.parse("rdm_", text).map(RedemptionId::new);
    }

    /** The value of {@code mall_order_coupon.id}. */
    public long sequence() {
        return SlottedNumber.sequence(number);
    }

    public int slot() {
        return SlottedNumber.slot(number);
    }

    @Override
    public String toString() {
        return "rdm_" + number;
    }
}
