package dev.cutover.chaos.checker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.SortedMap;

/**
 * What a check found.
 *
 * @param passed whether there is no violation
 * @param totals violations by invariant; only those that have any
 * @param violations at most {@link Findings#CAP} of each invariant
 * @param counts what was looked at, so that a clean report over nothing shows
 * @param closedWindows every switch, decided or aborted, in the order of epochs
 */
public record CheckReport(
        boolean passed,
        SortedMap<String, Long> totals,
        List<Violation> violations,
        Counts counts,
        List<ClosedWindow> closedWindows) {
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /**
     * What was looked at.
     *
     * @param invoked operations
     * @param acknowledged with {@code ok}, reads among them
     * @param failed with {@code fail}
     * @param unknown with {@code info}
     * @param unanswered with nothing
     * @param acknowledgedWrites acknowledged operations that write
     * @param appended op ids in the final lists
     * @param freshReads acknowledged reads of the truth
     * @param routedReads acknowledged reads that follow the routing
     * @param faults faults begun
     * @param gates verdicts of the verifier
     * @param coupons in the final tables of the truth
     * @param servers by name
     */
    public record Counts(
            long invoked,
            long acknowledged,
            long failed,
            long unknown,
            long unanswered,
            long acknowledgedWrites,
            long appended,
            long freshReads,
            long routedReads,
            long faults,
            long gates,
            long coupons,
            SortedMap<String, ServerCounts> servers) {}

    /**
     * Transactions in the binlogs of a server.
     *
     * @param application wrote rows of the bank as the application does
     * @param applier wrote rows of the bank together with a position
     * @param mirror wrote rows of the bank together with an origin
     * @param copy wrote rows of one table of the bank into a replica without either, as a copy does between two batches
     * @param fence moved a fence
     * @param other all the rest
     */
    public record ServerCounts(
            long files,
            long bytes,
            long transactions,
            long application,
            long applier,
            long mirror,
            long copy,
            long fence,
            long other) {}

    /**
     * From the first fence that closed to the moment every database of the side that came out as the truth was open.
     *
     * @param outcome {@code COMMIT}, {@code ABORT} or {@code OPEN} when it never ended
     * @param closedAtMicros microseconds since 1970, by the servers' clock
     */
    public record ClosedWindow(long epoch, String from, String to, String outcome, long closedAtMicros, long millis) {}

    /** The report as a JSON document. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException("The report cannot be written as JSON: " + e.getMessage(), e);
        }
    }
}
