package dev.cutover.core.plan;

import java.util.List;

/**
 * How reads move over.
 *
 * @param steps shares of users in percent, growing, the last one 100
 * @param abortOnDifferPercent the ramp goes back when more of the compared reads differ
 */
public record ReadsPlan(List<Integer> steps, double abortOnDifferPercent) {
    public static final ReadsPlan DEFAULTS = new ReadsPlan(List.of(1, 5, 25, 50, 100), 0.1);

    public ReadsPlan {
        steps = List.copyOf(steps);
    }
}
