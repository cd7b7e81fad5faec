package dev.cutover.verifier;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.stage.PassRange;
import dev.cutover.verifier.drill.RangeDrill;
import dev.cutover.verifier.drill.Suspect;
import dev.cutover.verifier.grid.Cell;
import dev.cutover.verifier.grid.CellRow;
import dev.cutover.verifier.grid.GridReader;
import dev.cutover.verifier.grid.SelfTest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * One pass of the grid over one table: several ranges at a time, both sides of a range together, unequal cells drilled at once.
 *
 * <p>Its counts are guarded by {@code counting}; the range threads are the executor's.
 */
final class TablePass {
    private final GridReader grid;
    private final RangeDrill drill;
    private final SelfTest selfTest;
    private final int slots;
    private final int tablesPerDatabase;
    private final VerifyOptions options;
    private final InstantSource clock;
    private final HeatMapDraft heat;

    private final ReentrantLock counting = new ReentrantLock();
    // By the number of the range they were seen in.
    private final Map<Suspect, Integer> suspects = new LinkedHashMap<>();
    private final List<KeyRange> rejecting = new ArrayList<>();
    private final List<String> planted = new ArrayList<>();
    private long cellCount;
    private long unequalCells;
    private long sourceRows;
    private long targetRows;
    private long unmapped;
    private long overflow;

    TablePass(
            GridReader grid,
            RangeDrill drill,
            SelfTest selfTest,
            int slots,
            int tablesPerDatabase,
            VerifyOptions options,
            InstantSource clock,
            HeatMapDraft heat) {
        this.grid = grid;
        this.drill = drill;
        this.selfTest = selfTest;
        this.slots = slots;
        this.tablesPerDatabase = tablesPerDatabase;
        this.options = options;
        this.clock = clock;
        this.heat = heat;
    }

    /**
     * What the grid saw.
     *
     * @param suspects with the number of the range each was seen in
     * @param rejecting the ranges with rows that are not mapped
     * @param overflow suspects beyond the bound, which nobody will check again
     * @param selfTest faults planted and found
     */
    record Outcome(
            int ranges,
            long cells,
            long unequalCells,
            long sourceRows,
            long targetRows,
            long unmapped,
            Map<Suspect, Integer> suspects,
            List<KeyRange> rejecting,
            long overflow,
            List<String> selfTest) {}

    /**
     * Reads all ranges but those that are proven already, which only count.
     *
     * @param rangeRead hears of each range that was read, from several threads
     */
    Outcome run(List<PassRange> passRanges, Executor executor, Consumer<PassRange> rangeRead) {
        List<PassRange> ranges = new ArrayList<>();
        for (PassRange range : passRanges) {
            if (range.proven()) {
                count(range, 0, true);
            } else {
                ranges.add(range);
            }
        }
        AtomicInteger next = new AtomicInteger();
        AtomicBoolean stopped = new AtomicBoolean();
        List<CompletableFuture<Void>> workers = new ArrayList<>();
        for (int worker = 0; worker < Math.min(options.ranges(), ranges.size()); worker++) {
            workers.add(CompletableFuture.runAsync(
                    () -> {
                        boolean whole = false;
                        try {
                            for (int i = next.getAndIncrement();
                                    i < ranges.size() && !stopped.get();
                                    i = next.getAndIncrement()) {
                                options.pace().beforeNext();
                                rangeRead.accept(read(ranges.get(i)));
                            }
                            whole = true;
                        } finally {
                            // After a failure the others end with the range they are in. Not after the last range:
                            // another
                            // worker may have taken one that it has not begun.
                            if (!whole) {
                                stopped.set(true);
                            }
                        }
                    },
                    executor));
        }
        try {
            CompletableFuture.allOf(workers.toArray(new CompletableFuture<?>[0]))
                    .join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw e;
        }
        return outcome(passRanges.size());
    }

    private PassRange read(PassRange range) {
        Instant readAt = clock.instant();
        long begun = System.nanoTime();
        CellRow read = grid.read(range.keys());
        long millis = (System.nanoTime() - begun) / 1_000_000;
        List<Integer> unequal = read.unequalSlots(slots);
        List<String> found = selfTest(read);
        List<Suspect> seen = unequal.isEmpty()
                ? List.of()
                : drill.suspects(
                        range.keys(),
                        unequal.stream().filter(slot -> slot < slots).toList());
        PassRange counted = new PassRange(
                range.number(),
                range.keys(),
                unequal.isEmpty(),
                readAt,
                slots,
                rows(read.source().values()),
                rows(read.target().values()),
                read.unmapped());
        count(counted, millis, false);
        counting.lock();
        try {
            unequalCells += unequal.size();
            unequal.forEach(slot -> heat.unequal(range.number(), slot));
            for (Suspect suspect : seen) {
                if (suspects.size() < options.suspectsPerTable()) {
                    suspects.putIfAbsent(suspect, range.number());
                } else {
                    overflow++;
                    heat.hot(range.number(), suspect.slot());
                }
            }
            if (planted.isEmpty()) {
                planted.addAll(found);
            }
        } finally {
            counting.unlock();
        }
        return counted;
    }

    private static long rows(Collection<Cell> cells) {
        return cells.stream().mapToLong(Cell::rows).sum();
    }

    private void count(PassRange range, long millis, boolean kept) {
        counting.lock();
        try {
            heat.read(range, Objects.requireNonNull(range.readAt(), "a range that was read"), millis, kept);
            cellCount += range.cells();
            sourceRows += range.sourceRows();
            targetRows += range.targetRows();
            unmapped += range.unmapped();
            if (range.unmapped() > 0) {
                rejecting.add(range.keys());
            }
        } finally {
            counting.unlock();
        }
    }

    /** In each range: it costs microseconds, and a judge that fails on some data only is caught there. */
    private List<String> selfTest(CellRow read) {
        List<SelfTest.Fault> faults = selfTest.run(read, slots, tablesPerDatabase);
        for (SelfTest.Fault fault : faults) {
            if (!fault.found()) {
                throw new VerificationFailedException("The verifier did not judge a planted fault ('" + fault.name()
                        + "') rightly in " + read.range()
                        + ": its verdicts are worth nothing. This is a defect of Cutover; do not go on.");
            }
        }
        return faults.stream().skip(1).map(SelfTest.Fault::name).toList();
    }

    private Outcome outcome(int ranges) {
        counting.lock();
        try {
            return new Outcome(
                    ranges,
                    cellCount,
                    unequalCells,
                    sourceRows,
                    targetRows,
                    unmapped,
                    new LinkedHashMap<>(suspects),
                    List.copyOf(rejecting),
                    overflow,
                    List.copyOf(planted));
        } finally {
            counting.unlock();
        }
    }
}
