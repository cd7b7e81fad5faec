package dev.cutover.verifier.drill;

import org.jspecify.annotations.Nullable;

/**
 * What one side holds of a suspect row in its physical table.
 *
 * @param hash null where the side holds no such row there
 * @param slot the slot the row's own shard key belongs to; -1 where there is no row
 */
public record RowState(@Nullable String hash, int slot) {
    public static final RowState ABSENT = new RowState(null, -1);

    public boolean present() {
        return hash != null;
    }
}
