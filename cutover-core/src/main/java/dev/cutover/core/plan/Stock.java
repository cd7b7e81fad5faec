package dev.cutover.core.plan;

/**
 * Remaining stock that is cut into slices in the shard databases in a switch, and folded back on a rollback.
 *
 * @param table the table on OLD that counts
 * @param key its key column
 * @param total its column of the total
 * @param remaining its column of what remains
 * @param unlimited a condition over its columns that names rows without a limit
 * @param issuedTable the table on OLD with one row an issued piece
 * @param issuedColumn that table's column that refers to {@code key}
 * @param sliceTable the table of slices in each shard database
 * @param slicesPerDatabase slices a database
 */
public record Stock(
        String table,
        String key,
        String total,
        String remaining,
        String unlimited,
        String issuedTable,
        String issuedColumn,
        String sliceTable,
        int slicesPerDatabase) {}
