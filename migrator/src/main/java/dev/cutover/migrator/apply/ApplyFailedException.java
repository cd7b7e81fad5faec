package dev.cutover.migrator.apply;

import dev.cutover.core.CutoverException;
import org.jspecify.annotations.Nullable;

/** A batch could not be applied; nothing of it was committed, or its position says that it was. */
public final class ApplyFailedException extends CutoverException {
    public ApplyFailedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
