package dev.cutover.migrator.apply;

import dev.cutover.core.row.RowKey;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * The keys of one table that a worker has written or deleted since the window was opened.
 *
 * <p>A chunk that is read while the window is open may be older than what the stream has brought for these keys; of all others it holds what
 * the stream, too, would bring or has brought. Guarded by its worker's turn.
 */
public final class Window {
    private final String table;
    private final Set<RowKey> noted = new HashSet<>();

    Window(String table) {
        this.table = table;
    }

    String table() {
        return table;
    }

    void note(Collection<RowKey> keys) {
        noted.addAll(keys);
    }

    boolean noted(RowKey key) {
        return noted.contains(key);
    }
}
