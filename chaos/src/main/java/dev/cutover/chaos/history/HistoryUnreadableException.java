package dev.cutover.chaos.history;

import org.jspecify.annotations.Nullable;

/** A line of a history is not what one looks like; the message begins with file:line. */
public final class HistoryUnreadableException extends RuntimeException {
    HistoryUnreadableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
