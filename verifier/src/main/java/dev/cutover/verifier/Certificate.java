package dev.cutover.verifier;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a difference is not a change in flight: the truth was read, everything it showed was applied on the other side, the other side was
 * read, and the truth had not moved.
 *
 * @param at when the last read ended
 * @param applied what the wait was for, once a round: positions known to be applied, or the reason why nothing can be in flight
 * @param sourceHash the salted hash of the row on OLD; null where it is not there
 * @param targetHash the salted hash of the row on NEW; null where it is not there
 */
public record Certificate(
        Instant at,
        List<String> applied,
        @Nullable String sourceHash,
        @Nullable String targetHash) {
    public Certificate {
        applied = List.copyOf(applied);
    }
}
