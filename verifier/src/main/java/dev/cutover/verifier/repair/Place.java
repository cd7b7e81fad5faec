package dev.cutover.verifier.repair;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;

/**
 * Where a row stands or might stand.
 *
 * @param table the physical table
 * @param key in the key columns of that table
 */
record Place(DatabaseId database, String table, RowKey key) {
    static final String QUARANTINE = "cutover_quarantine";

    boolean quarantine() {
        return table.equals(QUARANTINE);
    }
}
