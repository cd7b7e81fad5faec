package dev.cutover.coupon.cachebuild;

import dev.cutover.coupon.detail.DetailKey;
import dev.cutover.coupon.id.CacheBuildId;
import dev.cutover.coupon.id.CacheTaskId;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One detail to be put into the cache, and what became of it; times are epoch milliseconds.
 *
 * @param due what its queue is sorted by, the smallest first
 * @param attempts how often a worker has taken it
 * @param owner the worker that has it, or had it last; null before the first and while it waits for another
 * @param version of the template that the cache was told, null before it was
 * @param error why the last attempt failed, null when it did not
 */
public record CacheTask(
        CacheTaskId id,
        CacheBuildId build,
        int queue,
        State state,
        long due,
        DetailKey key,
        int attempts,
        @Nullable String owner,
        @Nullable Long startedAt,
        @Nullable Long finishedAt,
        @Nullable Integer version,
        @Nullable String error) {
    /** Where a task is; its place is the value of {@code cache_task.state}. */
    public enum State {
        READY,
        RUNNING,
        DONE,
        /** Failed too often; a person looks at it and has it tried again. */
        DEAD;

        /** As somebody types it. */
        public static Optional<State> parse(String text) {
            for (State state : values()) {
                if (state.name().equals(text.toUpperCase(Locale.ROOT))) {
                    return Optional.of(state);
                }
            }
            return Optional.empty();
        }
    }
}
