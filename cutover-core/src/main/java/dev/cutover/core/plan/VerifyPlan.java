package dev.cutover.core.plan;

import java.time.Duration;

/**
 * How the sides are compared.
 *
 * @param freshness how old the last EQUAL verdict may be at a gate
 * @param rangeRows rows a key range of the grid; about 1,000 for each physical table, so that a cell is worth its statement
 */
public record VerifyPlan(Duration freshness, int rangeRows) {
    public static final VerifyPlan DEFAULTS = new VerifyPlan(Duration.ofHours(24), 64_000);
}
