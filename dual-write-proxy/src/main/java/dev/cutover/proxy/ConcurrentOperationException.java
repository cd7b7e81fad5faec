package dev.cutover.proxy;

import dev.cutover.core.CutoverException;

/** Thrown by a unit whose operation id is there already (1062): roll back and run again, the result of the twin is replayed then. */
public final class ConcurrentOperationException extends CutoverException {
    public ConcurrentOperationException(String message, Throwable cause) {
        super(message, cause);
    }
}
