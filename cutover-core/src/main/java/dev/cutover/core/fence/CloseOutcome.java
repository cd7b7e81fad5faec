package dev.cutover.core.fence;

import dev.cutover.core.topology.DatabaseId;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one attempt to close a fence came to.
 *
 * @param fence the fence after the attempt
 * @param blockers who held it open, oldest transaction first; only when blocked
 * @param blockersUnknown why the blockers could not be named; null when they could
 * @param took from the request to the answer: so long new writers waited at most
 */
public record CloseOutcome(
        DatabaseId database,
        Kind kind,
        FenceState fence,
        List<Blocker> blockers,
        @Nullable String blockersUnknown,
        Duration took) {

    /** Closed; still open because of open transactions: back off and try again; or moved on to another epoch: read again. */
    public enum Kind {
        CLOSED,
        BLOCKED,
        SUPERSEDED
    }

    public CloseOutcome {
        blockers = List.copyOf(blockers);
    }

    public boolean closed() {
        return kind == Kind.CLOSED;
    }
}
