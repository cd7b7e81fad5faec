package dev.cutover.cli.step;

import java.util.List;

/** Hears how a long step goes on; safe for many threads. */
public interface Narrator {
    /** One line about something that just happened. */
    void say(String line);

    /** How far the work is; called often, later calls replace earlier ones. */
    default void progress(List<String> lines) {}

    /** Hears nothing. */
    static Narrator silent() {
        return line -> {};
    }
}
