package dev.cutover.coupon.pricing;

import org.jspecify.annotations.Nullable;

/**
 * Beside which others a coupon may be used.
 *
 * @param group at most one coupon of a group an order; null for none
 * @param alone not beside any other
 */
public record Stacking(@Nullable String group, boolean alone) {
    /** Beside all others. */
    public static final Stacking FREE = new Stacking(null, false);

    /** Whether the two cannot be used on one order. */
    public boolean excludes(Stacking other) {
        return alone || other.alone || (group != null && group.equals(other.group));
    }
}
