package dev.cutover.verifier.grid;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Plants faults in a copy of the run's own aggregates and demands that the comparison that judged them finds each one.
 *
 * <p>Proves the judge, not the evidence: that a run which reports "equal" was able to report anything else.
 */
public final class SelfTest {
    private static final long PRIME = 0x9E3779B97F4A7C15L;

    private final RandomGenerator random;

    public SelfTest(RandomGenerator random) {
        this.random = random;
    }

    /** What was planted and whether it was seen. */
    public record Fault(String name, boolean found) {}

    /** Plants each fault in one of the rows of cells; {@code tables} physical tables stand in one database. */
    public List<Fault> run(CellRow read, int slots, int tables) {
        // Equal by construction, whatever the real comparison said: what is found below was planted here.
        CellRow equal = new CellRow(read.range(), filled(read.source(), slots), filled(read.source(), slots), 0);
        List<Fault> faults = new ArrayList<>();
        faults.add(new Fault("nothing planted", equal.unequalSlots(slots).isEmpty()));
        int slot = random.nextInt(slots);
        Cell cell = cell(equal, slot);
        faults.add(planted("one bit", equal, slots, slot, new Cell(cell.rows(), cell.keySum(), flip(cell.hash()), 0)));
        faults.add(planted(
                "one key",
                equal,
                slots,
                slot,
                new Cell(cell.rows(), cell.keySum().add(BigInteger.ONE), cell.hash(), 0)));
        faults.add(planted("one row", equal, slots, slot, new Cell(cell.rows() - 1, cell.keySum(), cell.hash(), 0)));
        faults.add(
                planted("one misrouted row", equal, slots, slot, new Cell(cell.rows(), cell.keySum(), cell.hash(), 1)));
        faults.add(shard(equal, slots, tables));
        if (slots > 1) {
            faults.add(swap(equal, slots));
        }
        return faults;
    }

    private Fault planted(String name, CellRow equal, int slots, int slot, Cell fault) {
        SortedMap<Integer, Cell> target = new TreeMap<>(equal.target());
        target.put(slot, fault);
        return new Fault(name, with(equal, target).unequalSlots(slots).equals(List.of(slot)));
    }

    private Fault shard(CellRow equal, int slots, int tables) {
        int database = random.nextInt(slots / tables);
        SortedMap<Integer, Cell> target = new TreeMap<>(equal.target());
        List<Integer> lost = new ArrayList<>();
        for (int slot = database * tables; slot < (database + 1) * tables; slot++) {
            target.remove(slot);
            lost.add(slot);
        }
        return new Fault("one shard", with(equal, target).unequalSlots(slots).equals(lost));
    }

    private Fault swap(CellRow equal, int slots) {
        int first = random.nextInt(slots);
        int second = (first + 1 + random.nextInt(slots - 1)) % slots;
        SortedMap<Integer, Cell> target = new TreeMap<>(equal.target());
        target.put(first, cell(equal, second));
        target.put(second, cell(equal, first));
        List<Integer> found = with(equal, target).unequalSlots(slots);
        return new Fault("one swap", found.equals(List.of(Math.min(first, second), Math.max(first, second))));
    }

    private static CellRow with(CellRow equal, SortedMap<Integer, Cell> target) {
        return new CellRow(equal.range(), equal.source(), target, 0);
    }

    /** Cells without rows get a made-up content of their own, so that a fault in them and a swap of them mean something. */
    private static SortedMap<Integer, Cell> filled(SortedMap<Integer, Cell> source, int slots) {
        SortedMap<Integer, Cell> filled = new TreeMap<>();
        for (int slot = 0; slot < slots; slot++) {
            Cell cell = source.get(slot);
            filled.put(
                    slot,
                    cell == null || cell.rows() == 0
                            ? new Cell(
                                    1,
                                    BigInteger.valueOf(slot),
                                    String.format(java.util.Locale.ROOT, "%064X", (slot + 1) * PRIME),
                                    0)
                            : cell);
        }
        return filled;
    }

    private static Cell cell(CellRow row, int slot) {
        return row.source().getOrDefault(slot, Cell.EMPTY);
    }

    private String flip(String hash) {
        BigInteger bits = new BigInteger(hash, 16);
        return String.format(java.util.Locale.ROOT, "%064X", bits.flipBit(random.nextInt(256)));
    }
}
