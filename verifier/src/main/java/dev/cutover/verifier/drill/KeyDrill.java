package dev.cutover.verifier.drill;

import dev.cutover.core.row.RowKey;
import dev.cutover.verifier.VerificationFailedException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/** Compares chosen rows: each key on OLD against every physical table of NEW, so that a copy left on another shard shows. */
public final class KeyDrill {
    private final RowSides sides;
    private final Executor executor;

    public KeyDrill(RowSides sides, Executor executor) {
        this.sides = sides;
        this.executor = executor;
    }

    /** What was read, and the rows that are not equal. */
    public record Outcome(long sourceRows, long targetRows, Set<Suspect> suspects) {}

    public Outcome drill(Collection<RowKey> sourceKeys) {
        List<CompletableFuture<Map<Integer, List<Sighting>>>> reads = new ArrayList<>();
        sides.table()
                .slotsByDatabase()
                .values()
                .forEach(slots -> reads.add(CompletableFuture.supplyAsync(() -> targets(slots, sourceKeys), executor)));
        List<Sighting> source = sides.sourceByKeys(sourceKeys).stream()
                .filter(row -> row.slot() >= 0)
                .toList();
        Map<Suspect, Sighting> expected = new HashMap<>();
        source.forEach(row -> expected.put(new Suspect(row.slot(), row.targetKey(), row.sourceKey()), row));
        Set<Suspect> suspects = new LinkedHashSet<>();
        long targetRows = 0;
        for (CompletableFuture<Map<Integer, List<Sighting>>> read : reads) {
            for (Map.Entry<Integer, List<Sighting>> table : joined(read).entrySet()) {
                for (Sighting found : table.getValue()) {
                    targetRows++;
                    Suspect place = new Suspect(table.getKey(), found.targetKey(), found.sourceKey());
                    Sighting wanted = expected.remove(place);
                    if (wanted == null || !wanted.hash().equals(found.hash()) || found.slot() != table.getKey()) {
                        suspects.add(place);
                    }
                }
            }
        }
        suspects.addAll(expected.keySet());
        return new Outcome(source.size(), targetRows, suspects);
    }

    private Map<Integer, List<Sighting>> targets(List<Integer> slots, Collection<RowKey> sourceKeys) {
        Map<Integer, List<Sighting>> found = new HashMap<>();
        slots.forEach(slot -> found.put(slot, sides.targetBySourceKeys(slot, sourceKeys)));
        return found;
    }

    private static Map<Integer, List<Sighting>> joined(CompletableFuture<Map<Integer, List<Sighting>>> read) {
        try {
            return read.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof VerificationFailedException failure) {
                throw failure;
            }
            throw e;
        }
    }
}
