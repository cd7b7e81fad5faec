package dev.cutover.core.stage;

import dev.cutover.core.row.KeyRange;

/**
 * One key range of a verification pass.
 *
 * @param number its place in the grid, from 0
 * @param proven whether every cell was equal when it was read; what follows is 0 while it is not
 * @param unmapped rows that OLD rejects
 */
public record PassRange(
        int number, KeyRange keys, boolean proven, long cells, long sourceRows, long targetRows, long unmapped) {
    public static PassRange todo(int number, KeyRange keys) {
        return new PassRange(number, keys, false, 0, 0, 0, 0);
    }
}
