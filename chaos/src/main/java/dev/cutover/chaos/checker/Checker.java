package dev.cutover.chaos.checker;

import java.nio.file.Path;
import java.util.List;

/** Judges a run by what it left behind; its front door. Stateless. */
public final class Checker {
    private Checker() {}

    /**
     * Checks I1 to I14.
     *
     * @param history the file a {@link dev.cutover.chaos.history.HistoryWriter} wrote
     * @param servers every server of the layout
     */
    public static CheckReport check(Path history, List<ServerEvidence> servers, Layout layout) {
        throw new IllegalStateException("There is no check of " + history + " yet.");
    }
}
