package dev.cutover.proxy;

import dev.cutover.core.CutoverException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The fence admitted no write within the caller's budget: a switch is under way. Nothing was written; trying again later is safe. */
public final class WriteFencedException extends CutoverException {
    private final transient Duration waited;

    public WriteFencedException(String message, Duration waited, @Nullable Throwable cause) {
        super(message, cause);
        this.waited = waited;
    }

    /** How long the caller was kept waiting. */
    public Duration waited() {
        return waited;
    }
}
