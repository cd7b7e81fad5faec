package dev.cutover.coupon.store;

import dev.cutover.core.CutoverException;

/** The answer to a commit was lost and patience ended before the outcome was known; the same key asked again settles it. */
public final class UnknownOutcomeException extends CutoverException {
    public UnknownOutcomeException(Throwable cause) {
        super("Whether the write happened is not known yet: " + cause.getMessage(), cause);
    }
}
