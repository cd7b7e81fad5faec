package dev.cutover.verifier.drill;

import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.RowKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the rows that make cells unequal: keys and hashes of the range, of the unequal physical tables only. Safe for many threads.
 */
public final class RangeDrill {
    private final RowSides sides;

    public RangeDrill(RowSides sides) {
        this.sides = sides;
    }

    /** The suspects of a range in these slots; slots outside the layout are skipped, the caller has counted them. */
    public List<Suspect> suspects(KeyRange range, Collection<Integer> unequalSlots) {
        Map<Integer, Map<RowKey, Sighting>> source = new HashMap<>();
        for (Sighting sighting : sides.sourceByRange(range, unequalSlots)) {
            source.computeIfAbsent(sighting.slot(), slot -> new HashMap<>()).put(sighting.targetKey(), sighting);
        }
        List<Suspect> suspects = new ArrayList<>();
        for (int slot : unequalSlots) {
            Map<RowKey, Sighting> expected = source.getOrDefault(slot, new HashMap<>());
            for (Sighting found : sides.targetByRange(range, slot)) {
                Sighting wanted = expected.remove(found.targetKey());
                if (wanted == null) {
                    suspects.add(new Suspect(slot, found.targetKey(), found.sourceKey()));
                } else if (!wanted.hash().equals(found.hash()) || found.slot() != slot) {
                    suspects.add(new Suspect(slot, wanted.targetKey(), wanted.sourceKey()));
                }
            }
            expected.values()
                    .forEach(wanted -> suspects.add(new Suspect(slot, wanted.targetKey(), wanted.sourceKey())));
        }
        return suspects;
    }
}
