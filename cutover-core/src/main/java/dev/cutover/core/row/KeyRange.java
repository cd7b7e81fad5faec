package dev.cutover.core.row;

import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * A range {@code (lo, hi]} over the leading key column of a table.
 *
 * @param lo exclusive; null is open
 * @param hi inclusive; null is open
 */
public record KeyRange(@Nullable BigInteger lo, @Nullable BigInteger hi) {
    /** The whole table. */
    public static final KeyRange ALL = new KeyRange(null, null);

    public KeyRange {
        if (lo != null && hi != null && lo.compareTo(hi) > 0) {
            throw new IllegalArgumentException("A key range runs upwards, not from " + lo + " to " + hi + ".");
        }
    }

    public boolean contains(BigInteger leadingKey) {
        return (lo == null || leadingKey.compareTo(lo) > 0) && (hi == null || leadingKey.compareTo(hi) <= 0);
    }

    @Override
    public String toString() {
        return "(" + (lo == null ? "-∞" : lo) + ", " + (hi == null ? "∞)" : hi + "]");
    }
}
