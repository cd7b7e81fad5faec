package dev.cutover.coupon.http;

import dev.cutover.coupon.token.RateLimits;

/** The application has sent more than its quota; nothing was done. */
final class RateLimitedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient RateLimits.Outcome outcome;

    RateLimitedException(RateLimits.Outcome outcome) {
        super(
                "The application may send " + outcome.quota().perSecond() + " requests a second, and "
                        + outcome.quota().burst() + " at once.",
                null,
                false,
                false);
        this.outcome = outcome;
    }

    /** Whole seconds, after which the same request may come. */
    long retryAfterSeconds() {
        return Math.max(1, outcome.patience().plusMillis(999).toSeconds());
    }
}
