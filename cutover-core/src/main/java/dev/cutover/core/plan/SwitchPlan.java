package dev.cutover.core.plan;

import java.time.Duration;

/**
 * The limits of a switch.
 *
 * @param maxLag a switch does not start while the stream is further behind
 * @param writePause the pause of writes that is aimed at
 * @param timeout a switch that has not decided by then aborts
 */
public record SwitchPlan(Duration maxLag, Duration writePause, Duration timeout) {
    public static final SwitchPlan DEFAULTS =
            new SwitchPlan(Duration.ofSeconds(2), Duration.ofMillis(500), Duration.ofSeconds(30));
}
