package dev.cutover.migrator.snapshot;

import dev.cutover.core.stage.Chunk;
import dev.cutover.migrator.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts what a copy has done. Safe for many threads. */
final class CopyProgress {
    private final int chunkRows;
    private final Map<String, Counter> tables = new LinkedHashMap<>();
    private @Nullable String pausedBecause;

    CopyProgress(int chunkRows) {
        this.chunkRows = chunkRows;
    }

    private static final class Counter {
        long copied;
        long copiedBefore;
        long todo;
        long startedNanos;
        boolean started;
    }

    synchronized void planned(String table, List<Chunk> chunks) {
        Counter counter = new Counter();
        for (Chunk chunk : chunks) {
            if (chunk.state() == Chunk.State.DONE) {
                counter.copied += chunk.rows();
            } else {
                counter.todo++;
            }
        }
        counter.copiedBefore = counter.copied;
        tables.put(table, counter);
    }

    synchronized void started(String table, long nowNanos) {
        Counter counter = counter(table);
        if (!counter.started) {
            counter.started = true;
            counter.startedNanos = nowNanos;
        }
    }

    synchronized void done(String table, long rows) {
        Counter counter = counter(table);
        counter.copied += rows;
        counter.todo--;
    }

    synchronized void paused(@Nullable String because) {
        pausedBecause = because;
    }

    synchronized List<Progress> now(long nowNanos) {
        List<Progress> all = new ArrayList<>();
        tables.forEach((table, counter) -> all.add(progress(table, counter, nowNanos)));
        return all;
    }

    private Progress progress(String table, Counter counter, long nowNanos) {
        long left = counter.todo * chunkRows;
        double seconds = counter.started ? (nowNanos - counter.startedNanos) / 1e9 : 0;
        double rate = seconds > 0 ? (counter.copied - counter.copiedBefore) / seconds : 0;
        String state = counter.todo == 0
                ? "done"
                : !counter.started ? "waiting" : pausedBecause == null ? "copying" : "paused";
        Duration eta = rate > 0 && counter.todo > 0 ? Duration.ofMillis((long) (left / rate * 1000)) : null;
        return new Progress(
                table,
                counter.copied,
                counter.copied + left,
                rate,
                eta,
                state,
                counter.todo == 0 ? null : pausedBecause);
    }

    private Counter counter(String table) {
        return tables.computeIfAbsent(table, any -> new Counter());
    }
}
