package dev.cutover.migrator.apply;

import dev.cutover.core.row.RowKey;
import dev.cutover.migrator.stream.ChangedKey;
import dev.cutover.migrator.stream.SeenMarker;
import dev.cutover.migrator.stream.SourceTransaction;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What several transactions changed, each key once, with every slot it is or was in. Owned by one thread. */
final class Batch {
    private final Map<String, Map<RowKey, Set<Integer>>> dirty = new LinkedHashMap<>();
    private final List<String> gtids = new ArrayList<>();
    private @Nullable SourceTransaction last;
    private final List<SeenMarker> markers = new ArrayList<>();
    private int keys;

    /** Adds a transaction and, of its keys, those the worker cares about. */
    void add(SourceTransaction transaction, List<ChangedKey> mine) {
        last = transaction;
        markers.addAll(transaction.markers());
        if (!mine.isEmpty()) {
            gtids.add(transaction.gtid());
            mine.forEach(this::add);
        }
    }

    void add(ChangedKey key) {
        Set<Integer> slots = dirty.computeIfAbsent(key.table(), any -> new LinkedHashMap<>())
                .computeIfAbsent(key.key(), any -> new TreeSet<>());
        if (slots.isEmpty()) {
            keys++;
        }
        slots.add(key.slot());
    }

    boolean has(ChangedKey key) {
        return dirty.getOrDefault(key.table(), Map.of())
                .getOrDefault(key.key(), Set.of())
                .contains(key.slot());
    }

    Map<String, Map<RowKey, Set<Integer>>> dirty() {
        return Collections.unmodifiableMap(dirty);
    }

    List<SeenMarker> markers() {
        return Collections.unmodifiableList(markers);
    }

    int keys() {
        return keys;
    }

    /** The keys in two batches of the same transactions, neither of them empty; of one with two keys or more. */
    List<Batch> halves() {
        Batch first = new Batch();
        Batch second = new Batch();
        dirty.forEach((table, keysOfTable) -> keysOfTable.forEach((key, slots) -> {
            Batch half = first.keys < keys / 2 ? first : second;
            slots.forEach(slot -> half.add(new ChangedKey(table, key, slot)));
        }));
        for (Batch half : List.of(first, second)) {
            half.gtids.addAll(gtids);
            half.last = last;
        }
        return List.of(first, second);
    }

    /** The transactions that made it dirty, as one GTID set's text; empty without any. */
    String gtids() {
        return String.join(",", gtids);
    }

    /** The newest transaction; null when there is none. */
    @Nullable
    SourceTransaction last() {
        return last;
    }
}
