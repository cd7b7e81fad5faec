package dev.cutover.sandbox.mall;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Writes down what is planted, at the moment it is planted. Owned by one thread. */
final class Bookkeeping {
    private final SortedMap<String, SortedMap<String, List<Long>>> exceptions = new TreeMap<>();
    private final SortedMap<String, Long> defects = new TreeMap<>();

    void exception(String newTable, String reason, long sourceKey) {
        exceptions
                .computeIfAbsent(newTable, table -> new TreeMap<>())
                .computeIfAbsent(reason, name -> new ArrayList<>())
                .add(sourceKey);
    }

    void defect(String name) {
        defects.merge(name, 1L, Long::sum);
    }

    SortedMap<String, SortedMap<String, List<Long>>> exceptions() {
        return exceptions;
    }

    SortedMap<String, Long> defects() {
        return defects;
    }
}
