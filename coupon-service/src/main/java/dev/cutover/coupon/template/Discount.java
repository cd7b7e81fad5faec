package dev.cutover.coupon.template;

import java.util.List;
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
}
