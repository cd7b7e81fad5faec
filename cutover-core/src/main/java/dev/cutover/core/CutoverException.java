package dev.cutover.core;

import org.jspecify.annotations.Nullable;

/** What every failure of Cutover has in common: a message that says what happened, where, with which value, and what to do next. */
public abstract class CutoverException extends RuntimeException {
    protected CutoverException(String message) {
        super(message);
    }

    protected CutoverException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
