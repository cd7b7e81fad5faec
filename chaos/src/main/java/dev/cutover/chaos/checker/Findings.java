package dev.cutover.chaos.checker;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Collects violations, at most {@link #CAP} of each invariant, and counts all. Owned by one thread. */
final class Findings {
    static final int CAP = 20;

    private final SortedMap<String, Long> totals = new TreeMap<>();
    private final List<Violation> violations = new ArrayList<>();

    void add(String invariant, String what, Supplier<String> detail) {
        if (totals.merge(invariant, 1L, Long::sum) <= CAP) {
            violations.add(new Violation(invariant, what, detail.get()));
        }
    }

    SortedMap<String, Long> totals() {
        return new TreeMap<>(totals);
    }

    List<Violation> violations() {
        return List.copyOf(violations);
    }
}
