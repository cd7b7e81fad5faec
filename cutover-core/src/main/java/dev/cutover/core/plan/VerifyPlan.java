package dev.cutover.core.plan;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the sides are compared.
 *
 * @param freshness how old the last EQUAL verdict may be at a gate
 * @param rangeRows rows a key range of the grid; about 1,000 for each physical table, so that a cell is worth its statement
 * @param masked columns of NEW, as {@code table.column}, whose values no report ever shows; not part of the plan's hash, so that one more
 *     can be masked at any time
 * @param continuous how often the worker compares everything; null when only people ask for it. Not part of the plan's hash either
 */
public record VerifyPlan(
        Duration freshness,
        int rangeRows,
        List<String> masked,
        @Nullable Duration continuous) {
    public static final VerifyPlan DEFAULTS = new VerifyPlan(Duration.ofHours(24), 64_000, List.of(), null);

    public VerifyPlan {
        masked = List.copyOf(masked);
    }

    /** Whether the values of a column of NEW stay unseen. */
    public boolean masks(String table, String column) {
        return masked.stream().anyMatch(name -> name.equalsIgnoreCase(table + "." + column));
    }
}
