package dev.cutover.core.fence;

import dev.cutover.core.CutoverException;
import org.jspecify.annotations.Nullable;

/** The definitions of a database's tables could not be held still; nothing is held. */
public final class TablesNotHeldException extends CutoverException {
    TablesNotHeldException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
