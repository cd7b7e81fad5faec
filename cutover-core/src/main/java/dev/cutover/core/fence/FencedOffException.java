package dev.cutover.core.fence;

import dev.cutover.core.CutoverException;

/** The fence of a database does not admit this writer; nothing was written. */
public final class FencedOffException extends CutoverException {
    private final transient FenceState found;

    public FencedOffException(String message, FenceState found) {
        super(message);
        this.found = found;
    }

    /** The fence as it was read. */
    public FenceState found() {
        return found;
    }
}
