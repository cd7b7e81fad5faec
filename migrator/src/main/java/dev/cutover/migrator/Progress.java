package dev.cutover.migrator;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How far the copy of one table is.
 *
 * @param table its name in the plan
 * @param copied rows copied
 * @param total rows expected; an estimate until the end
 * @param rowsPerSecond since the copy of the table began in this process
 * @param eta until the end at that rate; null while unknown
 * @param state {@code waiting}, {@code copying}, {@code paused} or {@code done}
 * @param reason why it is paused; null when it is not
 */
public record Progress(
        String table,
        long copied,
        long total,
        double rowsPerSecond,
        @Nullable Duration eta,
        String state,
        @Nullable String reason) {}
