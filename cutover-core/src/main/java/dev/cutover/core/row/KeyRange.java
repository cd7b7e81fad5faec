package dev.cutover.core.row;

import org.jspecify.annotations.Nullable;

/**
 * A range {@code (lo, hi]} over the leading columns of a table's key, in MySQL's own order of it.
 *
 * @param lo exclusive, one part a leading key column; null is open
 * @param hi inclusive, of as many parts; null is open
 */
public record KeyRange(@Nullable RowKey lo, @Nullable RowKey hi) {
    /** The whole table. */
    public static final KeyRange ALL = new KeyRange(null, null);

    public KeyRange {
        if (lo != null && hi != null && lo.parts().size() != hi.parts().size()) {
            throw new IllegalArgumentException("The borders of a key range are of as many columns, unlike "
                    + lo.parts().size() + " and " + hi.parts().size() + ".");
        }
    }

    /** The range whose borders are such texts. */
    public static KeyRange ofTexts(@Nullable String lo, @Nullable String hi) {
        return new KeyRange(lo == null ? null : RowKey.ofWhole(lo), hi == null ? null : RowKey.ofWhole(hi));
    }

    /** {@link #lo} as {@link RowKey#whole}. */
    public @Nullable String loText() {
        return lo == null ? null : lo.whole();
    }

    /** {@link #hi} as {@link RowKey#whole}. */
    public @Nullable String hiText() {
        return hi == null ? null : hi.whole();
    }

    @Override
    public String toString() {
        return "(" + (lo == null ? "-∞" : lo.text()) + ", " + (hi == null ? "∞)" : hi.text() + "]");
    }
}
