package dev.cutover.verifier.grid;

import dev.cutover.core.row.KeyRange;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * All cells of one key range: both sides' aggregates by slot, read within seconds of each other.
 *
 * @param range the keys
 * @param source cells that hold rows
 * @param target one cell for each physical table, also the empty ones
 * @param unmapped source rows that are rejected or have no route
 */
public record CellRow(KeyRange range, SortedMap<Integer, Cell> source, SortedMap<Integer, Cell> target, long unmapped) {

    /** The slots whose cells are not proven equal; a table that did not answer is one of them. */
    public List<Integer> unequalSlots(int slots) {
        List<Integer> unequal = new ArrayList<>();
        for (int slot = 0; slot < slots; slot++) {
            Cell read = target.get(slot);
            if (read == null || !source.getOrDefault(slot, Cell.EMPTY).provenEqualTo(read)) {
                unequal.add(slot);
            }
        }
        // A route outside the layout would otherwise be a row nobody looked for.
        source.keySet().stream().filter(slot -> slot >= slots).forEach(unequal::add);
        return unequal;
    }

    long sourceRows() {
        return source.values().stream().mapToLong(Cell::rows).sum();
    }

    long targetRows() {
        return target.values().stream().mapToLong(Cell::rows).sum();
    }
}
