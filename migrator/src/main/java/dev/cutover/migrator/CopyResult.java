package dev.cutover.migrator;

import java.time.Duration;
import java.util.Map;

/**
 * What a copy that ran to its end has done.
 *
 * @param rows rows read, by table
 * @param quarantined of them, rows that could not be mapped
 * @param took how long it took
 */
public record CopyResult(Map<String, Long> rows, Map<String, Long> quarantined, Duration took) {
    public CopyResult {
        rows = Map.copyOf(rows);
        quarantined = Map.copyOf(quarantined);
    }
}
