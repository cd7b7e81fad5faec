package dev.cutover.chaos.history;

import java.util.Locale;

/** What a read was promised: the truth of its moment, or some earlier state of it. */
public enum ReadMode {
    FRESH,
    ROUTED;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
