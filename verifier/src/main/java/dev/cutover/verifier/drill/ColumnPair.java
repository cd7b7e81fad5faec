package dev.cutover.verifier.drill;

import org.jspecify.annotations.Nullable;

/**
 * The two values of a column that differs; they stay inside this room, only names leave it.
 *
 * @param name the column on NEW
 * @param kind how it reads
 * @param source on OLD, in the NEW shape; null for NULL
 * @param target on NEW; null for NULL
 */
record ColumnPair(
        String name,
        Kind kind,
        @Nullable String source,
        @Nullable String target) {
    /** How a value reads. */
    enum Kind {
        NUMBER,
        TIME,
        TEXT,
        OTHER
    }
}
