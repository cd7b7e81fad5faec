package dev.cutover.core.stage;

/** The control database could not be read or written. */
public final class ControlDatabaseException extends RuntimeException {
    ControlDatabaseException(String message, Throwable cause) {
        super(message, cause);
    }

    ControlDatabaseException(String message) {
        super(message);
    }
}
