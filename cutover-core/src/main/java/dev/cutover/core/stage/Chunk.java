package dev.cutover.core.stage;

import java.math.BigInteger;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A range of leading keys of one table that is copied at once.
 *
 * @param table the plan's table
 * @param number from 0 in each table
 * @param lo exclusive; null: open
 * @param hi inclusive; null: open
 * @param rows how many rows the copy of it wrote
 * @param doneAt null until done
 */
public record Chunk(
        String table,
        int number,
        @Nullable BigInteger lo,
        @Nullable BigInteger hi,
        State state,
        long rows,
        @Nullable Instant doneAt) {

    /** A chunk still to be copied. */
    public static Chunk todo(String table, int number, @Nullable BigInteger lo, @Nullable BigInteger hi) {
        return new Chunk(table, number, lo, hi, State.TODO, 0, null);
    }

    /** Still to be copied, or copied. */
    public enum State {
        TODO,
        DONE
    }
}
