package dev.cutover.chaos.checker;

import org.jspecify.annotations.Nullable;

/** A source of evidence cannot be read, or is not what the contract says; nothing is concluded from half of it. */
public final class EvidenceUnreadableException extends RuntimeException {
    EvidenceUnreadableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
