package dev.cutover.migrator.stream;

import dev.cutover.core.row.RowKey;

/**
 * One row that changed, at one place it is or was in.
 *
 * @param table the table's name in the plan
 * @param key the key on the source side
 * @param slot the physical table on NEW, counted over all shards: forward the one the row routes or routed to (-1 for a NULL shard
 *     key), in reverse the one the event came from
 */
public record ChangedKey(String table, RowKey key, int slot) {
    /** The slot of a row whose shard key is NULL. */
    public static final int NO_ROUTE = -1;
}
