package dev.cutover.core.stage;

import dev.cutover.core.CutoverException;

/** The control database could not be read or written. */
public final class ControlDatabaseException extends CutoverException {
    ControlDatabaseException(String message, Throwable cause) {
        super(message, cause);
    }

    ControlDatabaseException(String message) {
        super(message);
    }
}
