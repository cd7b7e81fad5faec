package dev.cutover.verifier;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How far a verification has come.
 *
 * @param table the table being read
 * @param rangesDone key ranges read, of all tables
 * @param ranges key ranges in all
 * @param rows rows of OLD compared so far
 * @param rowsPerSecond since the pass began
 * @param eta when the remaining ranges take as long as those read; null before the first
 */
public record VerifyProgress(
        String table,
        int rangesDone,
        int ranges,
        long rows,
        double rowsPerSecond,
        @Nullable Duration eta) {}
