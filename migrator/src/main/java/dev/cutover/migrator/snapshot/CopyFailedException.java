package dev.cutover.migrator.snapshot;

import dev.cutover.core.CutoverException;
import org.jspecify.annotations.Nullable;

/** A copy ended before its end; finished chunks stay finished. */
public final class CopyFailedException extends CutoverException {
    public CopyFailedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
