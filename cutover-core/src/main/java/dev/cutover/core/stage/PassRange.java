package dev.cutover.core.stage;

import dev.cutover.core.row.KeyRange;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One key range of a verification pass.
 *
 * @param number its place in the grid, from 0
 * @param proven whether every cell was equal when it was read; what follows is 0 while it is not
 * @param readAt when its reading began or, for a range that an interrupted run has proven, when that was written down
 * @param unmapped rows that OLD rejects
 */
public record PassRange(
        int number,
        KeyRange keys,
        boolean proven,
        @Nullable Instant readAt,
        long cells,
        long sourceRows,
        long targetRows,
        long unmapped) {
    public static PassRange todo(int number, KeyRange keys) {
        return new PassRange(number, keys, false, null, 0, 0, 0, 0);
    }
}
