package dev.cutover.core.stage;

import dev.cutover.core.row.KeyRange;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A key range of one table that is copied at once.
 *
 * @param table the plan's table
 * @param number from 0 in each table
 * @param rows how many rows the copy of it wrote
 * @param doneAt null until done
 */
public record Chunk(
        String table,
        int number,
        KeyRange keys,
        State state,
        long rows,
        @Nullable Instant doneAt) {

    /** A chunk still to be copied. */
    public static Chunk todo(String table, int number, KeyRange keys) {
        return new Chunk(table, number, keys, State.TODO, 0, null);
    }

    /** Still to be copied, or copied. */
    public enum State {
        TODO,
        DONE
    }
}
