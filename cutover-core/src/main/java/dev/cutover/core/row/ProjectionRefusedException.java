package dev.cutover.core.row;

import dev.cutover.core.CutoverException;
import org.jspecify.annotations.Nullable;

/** A table's plan does not fit the tables that are there. */
public final class ProjectionRefusedException extends CutoverException {
    public ProjectionRefusedException(String message) {
        this(message, null);
    }

    public ProjectionRefusedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
