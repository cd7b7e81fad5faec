package dev.cutover.verifier;

/**
 * What was read of one table.
 *
 * @param ranges key ranges
 * @param cells cells compared
 * @param unequalCells cells that had to be drilled
 * @param sourceRows mapped rows of OLD
 * @param targetRows rows of NEW
 * @param quarantined rows that OLD rejects and NEW keeps in quarantine
 * @param settled suspects that turned out to be in flight
 * @param differences rows with a certified difference
 * @param hot suspects that could not be settled
 * @param millis how long it took
 */
public record TableResult(
        String table,
        int ranges,
        long cells,
        long unequalCells,
        long sourceRows,
        long targetRows,
        long quarantined,
        long settled,
        long differences,
        long hot,
        long millis) {}
