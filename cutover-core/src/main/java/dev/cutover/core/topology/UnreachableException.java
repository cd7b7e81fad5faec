package dev.cutover.core.topology;

import dev.cutover.core.CutoverException;
import dev.cutover.core.plan.Endpoint;

/** A database did not answer, or let nobody in. */
public final class UnreachableException extends CutoverException {
    private final transient Endpoint endpoint;

    UnreachableException(Endpoint endpoint, Throwable cause) {
        this(
                endpoint,
                "The database " + endpoint.describe() + " cannot be reached as user '" + endpoint.user() + "': "
                        + firstLine(cause)
                        + " Check that the server runs, that address and schema in the plan are right, and that the password is.",
                cause);
    }

    private UnreachableException(Endpoint endpoint, String message, Throwable cause) {
        super(message, cause);
        this.endpoint = endpoint;
    }

    static UnreachableException exhausted(Endpoint endpoint, int sessions, Throwable cause) {
        return new UnreachableException(
                endpoint,
                "All " + sessions + " sessions of " + endpoint.describe()
                        + " are in use, and none came back in time. Look for long transactions there, or send less at once.",
                cause);
    }

    private static String firstLine(Throwable cause) {
        String line = String.valueOf(cause.getMessage())
                .lines()
                .findFirst()
                .orElse("")
                .strip();
        return line.endsWith(".") ? line : line + ".";
    }

    public Endpoint endpoint() {
        return endpoint;
    }
}
