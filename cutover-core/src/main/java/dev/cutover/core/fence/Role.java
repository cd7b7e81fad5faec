package dev.cutover.core.fence;

import java.util.Locale;

/** Who may write to a fenced database: the application, nobody, or only applier and mirrors. */
public enum Role {
    PRIMARY,
    CLOSING,
    REPLICA;

    /** The word stored in {@code cutover_fence.role}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Role ofWord(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
