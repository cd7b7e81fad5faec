package dev.cutover.coupon.stock;

/**
 * Numbers that a counter handed out; whether they may be issued the database decides.
 *
 * @param lot the epoch of the counter
 * @param first of {@code quantity} that follow one another
 */
public record Pieces(long lot, long first, int quantity) {
    long last() {
        return first + quantity - 1;
    }
}
