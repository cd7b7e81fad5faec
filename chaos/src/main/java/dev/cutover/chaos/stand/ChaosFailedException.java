package dev.cutover.chaos.stand;

import org.jspecify.annotations.Nullable;

/** A run cannot go on; what it says about the toolkit is in the message. */
public final class ChaosFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ChaosFailedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
