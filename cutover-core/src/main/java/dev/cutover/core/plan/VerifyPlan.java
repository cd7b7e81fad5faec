package dev.cutover.core.plan;

import java.time.Duration;
import java.util.List;

/**
 * How the sides are compared.
 *
 * @param freshness how old the last EQUAL verdict may be at a gate
 * @param rangeRows rows a key range of the grid; about 1,000 for each physical table, so that a cell is worth its statement
 * @param masked columns of NEW, as {@code table.column}, whose values no report ever shows; not part of the plan's hash, so that one more
 *     can be masked at any time
 */
public record VerifyPlan(Duration freshness, int rangeRows, List<String> masked) {
    public static final VerifyPlan DEFAULTS = new VerifyPlan(Duration.ofHours(24), 64_000, List.of());

    public VerifyPlan {
        masked = List.copyOf(masked);
    }

    /** Whether the values of a column of NEW stay unseen. */
    public boolean masks(String table, String column) {
        return masked.stream().anyMatch(name -> name.equalsIgnoreCase(table + "." + column));
    }
}
