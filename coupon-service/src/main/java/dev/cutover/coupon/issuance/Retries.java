package dev.cutover.coupon.issuance;

import java.time.Duration;

/**
 * How often what failed is tried again, and when.
 *
 * @param most tries in all
 * @param first pause after the first one; each pause is twice as long as the one before, to an hour
 */
public record Retries(int most, Duration first) {
    public static final Retries USUAL = new Retries(5, Duration.ofSeconds(10));
    private static final Duration LONGEST = Duration.ofHours(1);

    boolean more(int tried) {
        return tried < most;
    }

    Duration after(int tried) {
        Duration pause = first.multipliedBy(1L << Math.min(20, tried - 1));
        return pause.compareTo(LONGEST) < 0 ? pause : LONGEST;
    }
}
