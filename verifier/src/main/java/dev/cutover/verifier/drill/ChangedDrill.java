package dev.cutover.verifier.drill;

import dev.cutover.core.row.RowKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Compares rows that were just applied: each on OLD and in the physical tables its changes name, not in all of them. Safe for many threads. */
public final class ChangedDrill {
    private final RowSides sides;

    public ChangedDrill(RowSides sides) {
        this.sides = sides;
    }

    /**
     * The rows that are not equal.
     *
     * @param slotsByKey by key of OLD, every slot the row is or was in; negative where it had none
     */
    public Set<Suspect> suspects(Map<RowKey, ? extends Set<Integer>> slotsByKey) {
        Map<Integer, Set<RowKey>> places = new TreeMap<>();
        slotsByKey.forEach((key, slots) -> slots.stream()
                .filter(slot -> slot >= 0)
                .forEach(slot -> places.computeIfAbsent(slot, any -> new LinkedHashSet<>())
                        .add(key)));
        Map<Suspect, Sighting> expected = new HashMap<>();
        List<Sighting> source = new ArrayList<>(sides.sourceByKeys(slotsByKey.keySet()));
        for (Sighting row : source) {
            RowKey key = row.sourceKey();
            if (row.slot() >= 0 && key != null) {
                expected.put(new Suspect(row.slot(), row.targetKey(), key), row);
                places.computeIfAbsent(row.slot(), any -> new LinkedHashSet<>()).add(key);
            }
        }
        Set<Suspect> suspects = new LinkedHashSet<>();
        places.forEach((slot, keys) -> {
            for (Sighting found : sides.targetBySourceKeys(slot, keys)) {
                Suspect place = new Suspect(slot, found.targetKey(), found.sourceKey());
                Sighting wanted = expected.remove(place);
                if (wanted == null || !wanted.hash().equals(found.hash()) || found.slot() != slot) {
                    suspects.add(place);
                }
            }
        });
        suspects.addAll(expected.keySet());
        return suspects;
    }
}
