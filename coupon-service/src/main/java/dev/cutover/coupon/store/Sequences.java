package dev.cutover.coupon.store;

import java.sql.SQLException;
import java.util.List;

/** Numbers nobody else gets. Safe for many threads. */
@FunctionalInterface
public interface Sequences {
    String COUPON = "user_coupon";
    String REDEMPTION = "coupon_redemption";

    /** {@code count} numbers, not always consecutive. */
    List<Long> next(String sequence, int count) throws SQLException;
}
