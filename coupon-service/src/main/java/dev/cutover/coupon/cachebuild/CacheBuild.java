package dev.cutover.coupon.cachebuild;

import dev.cutover.coupon.id.CacheBuildId;
import java.util.Map;

/**
 * An order as it was written down.
 *
 * @param createdAt epoch milliseconds
 */
public record CacheBuild(
        CacheBuildId id,
        String number,
        String fingerprint,
        String reason,
        int weight,
        int tasks,
        String orderedBy,
        long createdAt) {
    /**
     * An order, and whether it was there before.
     *
     * @param byState how many of its tasks are in which state; those that were put away are in none
     */
    public record Progress(CacheBuild build, boolean known, Map<CacheTask.State, Long> byState) {
        public Progress {
            byState = Map.copyOf(byState);
        }
    }
}
