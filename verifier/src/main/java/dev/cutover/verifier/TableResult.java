package dev.cutover.verifier;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

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
 * @param kinds how many differences are of which kind; also those not listed
 * @param heatMap the cells by range and physical table, and when they were read
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
        long millis,
        Map<DifferenceKind, Long> kinds,
        HeatMap heatMap) {
    public TableResult {
        Map<DifferenceKind, Long> inOrder = new EnumMap<>(DifferenceKind.class);
        inOrder.putAll(kinds);
        kinds = Collections.unmodifiableMap(inOrder);
    }
}
