package dev.cutover.sandbox.mall;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** One row of mall_coupon in the making; its counters move while coupons are made. Owned by one thread. */
final class Template {
    final int id;
    int type;
    BigDecimal amount = BigDecimal.TEN;

    @Nullable
    BigDecimal threshold;

    boolean unlimited;
    int left;
    int perUser;
    int useType;

    @Nullable
    String goods = "[]";

    int timeType;
    int days;

    /** Epoch seconds; {@link #ZERO_DATE} for a zero date. */
    long start = ZERO_DATE;

    long end = ZERO_DATE;
    int status;
    int deleted;
    long added;

    /** Why the migration must refuse it, or null. */
    @Nullable
    String reason;

    /** What the counter in the row is off by. */
    int drift;

    int issued;
    int used;

    static final long ZERO_DATE = Long.MIN_VALUE;

    Template(int id) {
        this.id = id;
    }

    String startText() {
        return start == ZERO_DATE ? MallTime.ZERO : MallTime.text(start);
    }

    String endText() {
        return end == ZERO_DATE ? MallTime.ZERO : MallTime.text(end);
    }
}
