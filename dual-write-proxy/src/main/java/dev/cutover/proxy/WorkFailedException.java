package dev.cutover.proxy;

import dev.cutover.core.CutoverException;
import java.sql.SQLException;

/** The unit or read failed with an SQLException of its own; a unit was rolled back. */
public final class WorkFailedException extends CutoverException {
    private final SQLException failure;

    public WorkFailedException(String message, SQLException failure) {
        super(message, failure);
        this.failure = failure;
    }

    /** The error of the database. */
    public SQLException failure() {
        return failure;
    }
}
