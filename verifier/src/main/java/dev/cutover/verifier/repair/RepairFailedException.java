package dev.cutover.verifier.repair;

import dev.cutover.core.CutoverException;

/** A database did not do what a repair asked for; rows repaired before stay repaired, and the same may be asked for again. */
public final class RepairFailedException extends CutoverException {
    public RepairFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
