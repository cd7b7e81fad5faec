package dev.cutover.verifier;

import java.time.Duration;
import java.util.Set;

/**
 * What to verify and how hard to press.
 *
 * @param tables names in the plan; empty means all
 * @param quiesced whether nothing is written on either side and nothing is in flight: fences closed, or the application stopped. Then
 *     every difference counts at once
 * @param listener hears how far the pass has come
 * @param ranges key ranges read at the same time
 * @param statementLimit a statement that takes longer fails the verification
 * @param settleBound how long a recheck waits for the stream
 * @param suspectsPerTable rows checked again a table; more are left unsettled
 * @param reportedPerTable differences listed a table; more are counted only
 * @param memory whether an interrupted pass is gone on with
 * @param series passes of another series never go on with this one: two that run at once would take each other's work away
 * @param pace holds the pass back between two ranges
 */
public record VerifyOptions(
        Set<String> tables,
        boolean quiesced,
        VerifyListener listener,
        int ranges,
        Duration statementLimit,
        Duration settleBound,
        int suspectsPerTable,
        int reportedPerTable,
        Memory memory,
        String series,
        Pace pace) {
    private static final int RANGES_AT_ONCE = 2;
    private static final int SUSPECTS = 50_000;

    // Below the minute after which a pooled session stops waiting for an answer.
    private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(50);
    private static final int REPORTED = 1_000;

    /** What becomes of a pass that is killed before its end. */
    public enum Memory {
        /** Nothing is written down. */
        NONE,
        /** What was proven is written down, and what an interrupted pass over the same state has proven is not read again. */
        RESUME,
        /** What was proven is written down, and this pass reads everything. */
        ANEW
    }

    public VerifyOptions {
        tables = Set.copyOf(tables);
        if (ranges < 1 || suspectsPerTable < 1 || reportedPerTable < 1) {
            throw new IllegalArgumentException("Ranges, suspects and reported differences are at least 1.");
        }
    }

    public VerifyOptions(Set<String> tables, boolean quiesced, VerifyListener listener) {
        this(
                tables,
                quiesced,
                listener,
                RANGES_AT_ONCE,
                STATEMENT_LIMIT,
                Duration.ofSeconds(5),
                SUSPECTS,
                REPORTED,
                Memory.NONE,
                "",
                Pace.FREE);
    }

    /** All tables while the streams run. */
    public static VerifyOptions running() {
        return new VerifyOptions(Set.of(), false, VerifyListener.SILENT);
    }

    /** All tables while nothing moves. */
    public static VerifyOptions quiet() {
        return new VerifyOptions(Set.of(), true, VerifyListener.SILENT);
    }

    public VerifyOptions withSettleBound(Duration newBound) {
        return new VerifyOptions(
                tables,
                quiesced,
                listener,
                ranges,
                statementLimit,
                newBound,
                suspectsPerTable,
                reportedPerTable,
                memory,
                series,
                pace);
    }

    public VerifyOptions withMemory(Memory newMemory) {
        return new VerifyOptions(
                tables,
                quiesced,
                listener,
                ranges,
                statementLimit,
                settleBound,
                suspectsPerTable,
                reportedPerTable,
                newMemory,
                series,
                pace);
    }

    /** One range at a time, when the pace allows it, gone on with by the next pass of the same series. */
    public VerifyOptions inTheBackground(String ofSeries, Pace newPace) {
        return new VerifyOptions(
                tables,
                quiesced,
                listener,
                1,
                statementLimit,
                settleBound,
                suspectsPerTable,
                reportedPerTable,
                Memory.RESUME,
                ofSeries,
                newPace);
    }
}
