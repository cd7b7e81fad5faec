package dev.cutover.chaos.history;

import java.util.Locale;

/** Which end of something that takes time a line tells of. */
public enum Phase {
    BEGIN,
    END;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
