package dev.cutover.core.fence;

import dev.cutover.core.CutoverException;

/** A commit went through, but the server did not say under which GTID. */
public final class GtidUnknownException extends CutoverException {
    GtidUnknownException(String message) {
        super(message);
    }
}
