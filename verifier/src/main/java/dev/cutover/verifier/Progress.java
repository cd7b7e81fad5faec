package dev.cutover.verifier;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/** Counts ranges and rows of a run and tells the listener. Safe for many threads. */
final class Progress {
    private final VerifyListener listener;
    private final int ranges;
    private final int kept;
    private final long begun = System.nanoTime();
    private final ReentrantLock telling = new ReentrantLock();
    private int done;
    private long rows;

    /**
     * Of so many ranges.
     *
     * @param kept how many of them an interrupted run has done
     */
    Progress(VerifyListener listener, int ranges, int kept) {
        this.listener = listener;
        this.ranges = ranges;
        this.kept = kept;
        this.done = kept;
    }

    void rangeDone(String table, long rowsOfRange) {
        telling.lock();
        try {
            done++;
            rows += rowsOfRange;
            long nanos = Math.max(1, System.nanoTime() - begun);
            listener.progress(new VerifyProgress(
                    table,
                    done,
                    ranges,
                    rows,
                    rows * 1e9 / nanos,
                    Duration.ofNanos(nanos / (done - kept) * (ranges - done))));
        } finally {
            telling.unlock();
        }
    }
}
