package dev.cutover.core.fence;

/** A commit went through, but the server did not say under which GTID. */
public final class GtidUnknownException extends RuntimeException {
    GtidUnknownException(String message) {
        super(message);
    }
}
