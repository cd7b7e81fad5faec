package dev.cutover.verifier;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.stage.PassLedger;
import dev.cutover.core.stage.PassLedger.Unfinished;
import dev.cutover.core.stage.PassRange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The grid of one run, written down as it is proven, so that a next run goes on where this one was killed. Safe for many threads.
 *
 * <p>The last range of a table is open towards new keys and is never written down as proven: it is read in every run.
 */
final class PassMemory {
    private final @Nullable PassLedger ledger;
    private final String runId;
    private final @Nullable Unfinished unfinished;
    private final AtomicInteger kept = new AtomicInteger();

    private PassMemory(@Nullable PassLedger ledger, String runId, @Nullable Unfinished unfinished) {
        this.ledger = ledger;
        this.runId = runId;
        this.unfinished = unfinished;
    }

    /** Of a run that nobody goes on with. */
    static PassMemory none(String runId) {
        return new PassMemory(null, runId, null);
    }

    /**
     * Goes on with the interrupted pass over the same state, if there is one, else begins one.
     *
     * @param fingerprint what has to be the same for that
     * @param within how long ago it may have begun
     * @param positions by database, what its server has executed now
     */
    static PassMemory resume(
            PassLedger ledger, String fingerprint, String runId, Duration within, Map<String, String> positions) {
        Optional<Unfinished> unfinished = ledger.takeOver(fingerprint, runId, within);
        if (unfinished.isEmpty()) {
            return anew(ledger, fingerprint, runId, within, positions);
        }
        return new PassMemory(ledger, runId, unfinished.get());
    }

    /** Begins one, whatever was interrupted before. */
    static PassMemory anew(
            PassLedger ledger, String fingerprint, String runId, Duration within, Map<String, String> positions) {
        ledger.begin(fingerprint, runId, within, positions);
        return new PassMemory(ledger, runId, null);
    }

    /** The ranges of a table, as they were cut when the pass began. */
    List<PassRange> grid(String table, Supplier<List<KeyRange>> cut) {
        List<PassRange> known = ledger == null ? List.of() : ledger.ranges(runId, table);
        if (!known.isEmpty()) {
            Coverage.requireWhole(table, known.stream().map(PassRange::keys).toList());
            kept.addAndGet((int) known.stream().filter(PassRange::proven).count());
            return known;
        }
        List<PassRange> ranges = new ArrayList<>();
        for (KeyRange keys : cut.get()) {
            ranges.add(PassRange.todo(ranges.size(), keys));
        }
        if (ledger != null) {
            ledger.plan(runId, table, ranges);
        }
        return ranges;
    }

    /** A range was read. */
    void read(String table, PassRange range) {
        if (ledger != null && range.proven() && range.keys().hi() != null && !ledger.proven(runId, table, range)) {
            throw new VerificationFailedException("Another verification has gone on with what this one had proven, so "
                    + runId + " ends. Wait for the other; its result is for both.");
        }
    }

    /** The run has come to its end. */
    void ended() {
        if (ledger != null) {
            ledger.forget(runId);
        }
    }

    /** What the servers had executed when the oldest of what was read was still to be read. */
    Map<String, String> positions(Map<String, String> ofThisRun) {
        return unfinished == null ? ofThisRun : unfinished.positions();
    }

    Optional<Resumed> resumed() {
        return Optional.ofNullable(unfinished)
                .map(former -> new Resumed(former.firstRunId(), former.startedAt(), kept.get()));
    }
}
