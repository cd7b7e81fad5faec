package dev.cutover.core.stage;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Work that a command asks of the worker, such as {@code copy-dynamic}. */
public record Job(String name, State state, @Nullable String detailJson, String requestedBy, Instant updatedAt) {

    /** Where a job stands. */
    public enum State {
        REQUESTED,
        RUNNING,
        PAUSED,
        DONE,
        FAILED
    }
}
