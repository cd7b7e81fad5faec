package dev.cutover.core.plan;

import java.time.Duration;

/**
 * How hard a copy may press.
 *
 * @param chunkRows rows a chunk
 * @param workers chunks read at the same time
 * @param maxLag the copy pauses while the stream is further behind than this
 * @param maxThreadsRunning the copy pauses while the source runs more threads than this
 */
public record CopyPlan(int chunkRows, int workers, Duration maxLag, int maxThreadsRunning) {
    public static final CopyPlan DEFAULTS = new CopyPlan(2000, 2, Duration.ofSeconds(10), 60);
}
