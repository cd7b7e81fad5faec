package dev.cutover.sandbox.load;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What the load saw until now.
 *
 * @param writes acknowledged writes
 * @param refusals writes the business refused for a reason the load knows, such as a sold-out hot template
 * @param reads answered reads
 * @param staleReads reads of a user's own coupons that did not show an acknowledged write; not failures, a read may trail
 * @param failedRequests requests without an answer in their deadline, and answers that the truth does not explain
 * @param failures the first failed requests, one sentence each
 * @param retries attempts that had to be repeated, by reason; the request itself may have succeeded
 * @param unresolved writes without an answer in their deadline: done or not done, nobody knows
 * @param hotIssued acknowledged coupons of the hot template
 * @param hotSoldOut claims refused because the hot template was sold out
 * @param p50 latency of answered writes, from the first attempt to the answer
 */
public record Report(
        long writes,
        long refusals,
        long reads,
        long staleReads,
        long failedRequests,
        List<String> failures,
        Map<String, Long> retries,
        long unresolved,
        long hotIssued,
        long hotSoldOut,
        Duration p50,
        Duration p99,
        Duration max) {
    public Report {
        failures = List.copyOf(failures);
        retries = Map.copyOf(retries);
    }

    public long retried() {
        return retries.values().stream().mapToLong(Long::longValue).sum();
    }
}
