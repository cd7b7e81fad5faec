package dev.cutover.verifier.grid;

import java.math.BigInteger;

/**
 * The checksums of one key range of one physical table, in the NEW shape.
 *
 * @param rows how many rows
 * @param keySum the sum of the CRC32 of the keys; independent of the hash, so that one weakness cannot blind both
 * @param hash the salted SHA2-256 of all rows folded by XOR, in hex; zeros for no rows
 * @param misrouted rows whose own shard key belongs to another table; always 0 on the source
 */
public record Cell(long rows, BigInteger keySum, String hash, long misrouted) {
    private static final String NO_HASH = "0".repeat(64);

    /** A cell without rows. */
    public static final Cell EMPTY = new Cell(0, BigInteger.ZERO, NO_HASH, 0);

    /** Normalised: what MySQL answers for the aggregates of no rows differs with the statement around them. */
    static Cell of(long rows, BigInteger keySum, String hash, long misrouted) {
        return rows == 0 ? EMPTY : new Cell(rows, keySum, hash, misrouted);
    }

    /** Equal in every aggregate, and no row stands in the wrong table. */
    boolean provenEqualTo(Cell target) {
        return target.misrouted == 0 && misrouted == 0 && equals(target);
    }
}
