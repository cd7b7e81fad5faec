package dev.cutover.chaos.checker;

import org.jspecify.annotations.Nullable;

/**
 * One row that a transaction changed.
 *
 * @param before null when it was inserted
 * @param after null when it was deleted
 */
record RowChange(
        String schema,
        String table,
        @Nullable RowImage before,
        @Nullable RowImage after) {}
