package dev.cutover.coupon.backoffice;

import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;

/** Ids of the back office, far above the 31 bits of the mall's, so that the two never meet. */
final class NewNumbers {
    static final String TEMPLATE = "coupon_template";
    static final String PRODUCT = "template_product";

    private static final long FIRST = 10_000_000_000L;

    private NewNumbers() {}

    /** The first of {@code count} consecutive numbers; the sequence stays locked until the transaction ends, so they become visible in order. */
    static long next(Connection meta, String sequence, int count) throws SQLException {
        Sql.update(
                meta,
                "INSERT INTO id_sequence (name, next_value) VALUES (?, ?)"
                        + " ON DUPLICATE KEY UPDATE next_value = next_value + ?",
                sequence,
                FIRST + count,
                count);
        return Sql.first(meta, row -> row.getLong(1), "SELECT next_value FROM id_sequence WHERE name = ?", sequence)
                        .orElseThrow()
                - count;
    }
}
