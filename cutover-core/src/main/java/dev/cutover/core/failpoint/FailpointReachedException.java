package dev.cutover.core.failpoint;

/** A failpoint was asked to fail. */
public final class FailpointReachedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    FailpointReachedException(Failpoint point) {
        super("Failed on purpose at the failpoint " + point.word() + ".");
    }
}
