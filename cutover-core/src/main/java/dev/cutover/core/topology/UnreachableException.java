package dev.cutover.core.topology;

import dev.cutover.core.CutoverException;
import dev.cutover.core.plan.Endpoint;

/** A database did not answer, or let nobody in. */
public final class UnreachableException extends CutoverException {
    private final transient Endpoint endpoint;

    UnreachableException(Endpoint endpoint, Throwable cause) {
        super(
                "The database " + endpoint.describe() + " cannot be reached as user '" + endpoint.user() + "': "
                        + cause.getMessage()
                        + ". Check that the server runs, that the address and the schema in the plan are right, and that the password is.",
                cause);
        this.endpoint = endpoint;
    }

    public Endpoint endpoint() {
        return endpoint;
    }
}
