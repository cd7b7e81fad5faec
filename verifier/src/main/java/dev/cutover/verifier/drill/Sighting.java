package dev.cutover.verifier.drill;

import dev.cutover.core.row.RowKey;
import org.jspecify.annotations.Nullable;

/**
 * One row as it was seen on one side, in the NEW shape.
 *
 * @param sourceKey its key on OLD; null where the plan has no way back to it
 * @param targetKey its key on NEW
 * @param slot the slot its own shard key belongs to; on the source -1 for a row that is not mapped
 * @param hash its salted hash
 */
public record Sighting(@Nullable RowKey sourceKey, RowKey targetKey, int slot, String hash) {}
