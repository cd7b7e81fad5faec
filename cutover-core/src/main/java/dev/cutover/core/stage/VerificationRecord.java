package dev.cutover.core.stage;

import dev.cutover.core.fence.Epoch;
import java.time.Instant;

/**
 * The outcome of one verification run, as the gates ask for it.
 *
 * @param scope {@code all}, or the tables
 * @param epoch the register's epoch when it ran
 * @param stage the register's stage when it ran
 * @param reportJson the whole report, JSON text
 */
public record VerificationRecord(
        String runId,
        Instant startedAt,
        Instant finishedAt,
        String scope,
        Verdict verdict,
        long cells,
        long rowCount,
        long differences,
        Epoch epoch,
        Stage stage,
        String reportJson) {

    /** What a run found. */
    public enum Verdict {
        EQUAL,
        DIFFERENT,
        INCONCLUSIVE,
        FAILED
    }
}
