package dev.cutover.coupon.template;

import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What a coupon is worth, as the sharded tables write it.
 *
 * @param kind 1 store, 2 freight, 3 red packet
 * @param type 1 amount off, 2 percent off, 3 freight off
 * @param amountOffMinor minor units off, null for percent off
 * @param percentOffBp basis points off, null unless percent off
 * @param thresholdMinor the least order amount, 0 for none
 * @param capMinor the most it takes off, null for no cap and for everything of the mall
 */
public record Discount(
        int kind,
        int type,
        @Nullable Long amountOffMinor,
        @Nullable Long percentOffBp,
        long thresholdMinor,
        @Nullable Long capMinor) {
    /** The words of the kinds, that of kind 1 first. */
    public static final List<String> KINDS = List.of("STORE", "FREIGHT", "RED_PACKET");

    /** The one currency of the mall. */
    public static final String CURRENCY = "CNY";

    private static final long BASIS = 10_000;

    public String kindWord() {
        return KINDS.get(kind - 1);
    }

    public String typeWord() {
        return switch (type) {
            case 2 -> "PERCENT_OFF";
            case 3 -> "FREIGHT_OFF";
            default -> "AMOUNT_OFF";
        };
    }

    /**
     * What it takes off an order of which {@code leftMinor} is still to pay; half a minor unit is rounded up, and an order is never
     * paid below zero. Without an order amount the threshold is the caller's
     * business, and what a percentage comes to is not known: 0.
     */
    public long amountOn(OptionalLong orderMinor, long leftMinor) {
        if (orderMinor.isPresent() && orderMinor.getAsLong() < thresholdMinor) {
            throw new Refusal(
                    Reason.THRESHOLD_NOT_MET,
                    "order.amount_minor",
                    "The order of " + orderMinor.getAsLong() + " is below the coupon's threshold of " + thresholdMinor
                            + ".");
        }
        if (percentOffBp == null) {
            long off = amountOffMinor == null ? 0 : amountOffMinor;
            return orderMinor.isPresent() ? Math.min(off, leftMinor) : off;
        }
        if (orderMinor.isEmpty()) {
            return 0;
        }
        long off = Math.addExact(Math.multiplyExact(orderMinor.getAsLong(), percentOffBp), BASIS / 2) / BASIS;
        long capped = capMinor == null ? off : Math.min(off, capMinor);
        return Math.min(capped, leftMinor);
    }
}
