package dev.cutover.verifier;

import dev.cutover.core.fence.TableDefinitions;
import dev.cutover.verifier.report.ReportJson;
import dev.cutover.verifier.report.ReportText;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A verdict with its evidence: keys and column names, never values of rows.
 *
 * @param runId names the run in the control database
 * @param migration the plan's name
 * @param planHash the plan that was verified
 * @param scope the tables that were compared
 * @param quiesced whether the caller said that nothing moves
 * @param truth the side whose rows count
 * @param tables one entry a table
 * @param differences certified, at most so many a table as the options say; {@link TableResult#differences} counts all
 * @param selfTest the faults that were planted in the aggregates of this run and found
 * @param unsettled why the verdict is not EQUAL although nothing is certified
 * @param notChecked what this run did not look at
 * @param definitions how the tables were defined from beginning to end; empty when single keys were compared
 * @param sessions by database, the session variables the comparison relies on, as they were read back
 * @param positions by database, what its server had executed when the run began: every commit in it was there to be read
 * @param resumed the interrupted run that this one went on with
 */
public record VerificationReport(
        String runId,
        String migration,
        String planHash,
        Instant startedAt,
        Instant finishedAt,
        Verdict verdict,
        List<String> scope,
        boolean quiesced,
        String truth,
        List<TableResult> tables,
        List<Difference> differences,
        List<String> selfTest,
        List<String> unsettled,
        List<String> notChecked,
        TableDefinitions definitions,
        Map<String, Map<String, String>> sessions,
        Map<String, String> positions,
        @Nullable Resumed resumed) {
    public VerificationReport {
        scope = List.copyOf(scope);
        tables = List.copyOf(tables);
        differences = List.copyOf(differences);
        selfTest = List.copyOf(selfTest);
        unsettled = List.copyOf(unsettled);
        notChecked = List.copyOf(notChecked);
        sessions = Map.copyOf(sessions);
        positions = Map.copyOf(positions);
    }

    public long cells() {
        return tables.stream().mapToLong(TableResult::cells).sum();
    }

    /** Rows of OLD that were compared. */
    public long rowsCompared() {
        return tables.stream().mapToLong(TableResult::sourceRows).sum();
    }

    public long quarantined() {
        return tables.stream().mapToLong(TableResult::quarantined).sum();
    }

    /** All certified differences, also those not listed. */
    public long differenceCount() {
        return tables.stream().mapToLong(TableResult::differences).sum();
    }

    public String toText() {
        return ReportText.of(this);
    }

    public String toJson() {
        return ReportJson.of(this);
    }
}
