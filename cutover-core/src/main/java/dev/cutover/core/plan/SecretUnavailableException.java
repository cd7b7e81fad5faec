package dev.cutover.core.plan;

import dev.cutover.core.CutoverException;
import org.jspecify.annotations.Nullable;

/** A password's source gave no password. */
public final class SecretUnavailableException extends CutoverException {
    SecretUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
