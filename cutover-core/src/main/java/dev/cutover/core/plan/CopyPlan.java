package dev.cutover.core.plan;

import java.time.Duration;

/**
 * How hard a copy may press.
 *
 * @param chunkRows rows a chunk
 * @param workers chunks read at the same time
 * @param maxLag the copy pauses while the stream is further behind than this
 * @param maxThreadsRunning the copy pauses while the source runs more threads than this
 * @param niceRatio how long a reader rests after a group of chunks, in times of what the group took: 0 never, 1 half of the time (gh-ost's
 *     {@code nice-ratio})
 */
public record CopyPlan(int chunkRows, int workers, Duration maxLag, int maxThreadsRunning, double niceRatio) {
    public static final CopyPlan DEFAULTS = new CopyPlan(2000, 2, Duration.ofSeconds(10), 60, 0);
}
