package dev.cutover.coupon.code;

import java.time.Duration;

/** Who asks has named too many codes that are none, and has to wait; nothing was looked up. */
public final class TooManyAttemptsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Duration wait;

    TooManyAttemptsException(Duration wait) {
        super("Too many codes were named that are none; try again later.", null, false, false);
        this.wait = wait;
    }

    public Duration waiting() {
        return wait;
    }
}
