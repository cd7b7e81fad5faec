package dev.cutover.sandbox.load;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Counts of the load. Safe for many threads. */
final class Tally {
    private static final int SAMPLES = 50;

    final LongAdder refusals = new LongAdder();
    final LongAdder reads = new LongAdder();
    final LongAdder staleReads = new LongAdder();
    final LongAdder unresolved = new LongAdder();
    final LongAdder hotIssued = new LongAdder();
    final LongAdder hotSoldOut = new LongAdder();
    private final AtomicLong failed = new AtomicLong();
    private final List<String> failures = new ArrayList<>();

    void failure(String sentence) {
        if (failed.incrementAndGet() <= SAMPLES) {
            synchronized (failures) {
                failures.add(sentence);
            }
        }
    }

    long failed() {
        return failed.get();
    }

    List<String> failures() {
        synchronized (failures) {
            return List.copyOf(failures);
        }
    }
}
