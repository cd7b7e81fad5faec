package dev.cutover.coupon.store;

/** The answer to a commit was lost and patience ended before the outcome was known; the same key asked again settles it. */
public final class UnknownOutcomeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UnknownOutcomeException(Throwable cause) {
        super("Whether the write happened is not known yet: " + cause.getMessage(), cause);
    }
}
