package dev.cutover.core.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;

/** Collects what is wrong while a plan is read. Owned by one thread. */
final class Problems {
    private final List<Problem> found = new ArrayList<>();

    void add(Node at, String message) {
        add(at, message, null);
    }

    void add(Node at, String message, @Nullable String suggestion) {
        int line = at.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
        int column = at.getStartMark().map(mark -> mark.getColumn() + 1).orElse(1);
        found.add(new Problem(line, column, message, suggestion));
    }

    boolean any() {
        return !found.isEmpty();
    }

    /** In the order of the file. */
    List<Problem> all() {
        return found.stream()
                .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
                .distinct()
                .toList();
    }
}
