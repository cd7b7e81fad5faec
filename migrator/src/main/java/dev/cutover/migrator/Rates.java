package dev.cutover.migrator;

import dev.cutover.core.plan.MigrationPlan;
import java.time.Duration;

/** Rows a second, from what is counted. */
final class Rates {
    private Rates() {}

    static Progress progress(
            String table, long copied, long chunksLeft, MigrationPlan plan, long begunNanos, boolean done) {
        double seconds = Math.max(1e-3, (System.nanoTime() - begunNanos) / 1e9);
        double rate = copied / seconds;
        long left = chunksLeft * plan.copy().chunkRows();
        Duration eta = done || rate <= 0 ? null : Duration.ofMillis((long) (left / rate * 1000));
        return new Progress(table, copied, copied + left, rate, eta, done ? "done" : "copying", null);
    }
}
