package dev.cutover.sandbox.mall;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.SplittableRandom;

/** mall_order_coupon: which order used which coupon. Owned by one thread; close to write the last rows. */
final class OrderRows implements AutoCloseable {
    private static final double WITHOUT_USER = 0.000_5;
    private static final int WITHOUT_USER_AT_LEAST = 5;

    private final MultiRowInsert insert;
    private final Bookkeeping books;
    private final SplittableRandom random;
    private final int withoutUserEvery;
    private long id;
    private long sinceWithoutUser;

    OrderRows(Connection connection, Bookkeeping books, int userCoupons, SplittableRandom random) throws SQLException {
        this.insert = new MultiRowInsert(
                connection,
                "mall_order_coupon",
                "id",
                "user_id",
                "order_sn",
                "coupon_user_id",
                "coupon_amount",
                "refund_status",
                "refund_no",
                "add_time");
        this.books = books;
        this.random = random;
        // about a third of the coupons are used
        int orders = userCoupons / 4;
        this.withoutUserEvery = orders / Math.max(WITHOUT_USER_AT_LEAST, (int) (orders * WITHOUT_USER));
    }

    /** Writes the orders of a coupon, if it has any. */
    void of(UserCoupon coupon, int orders) throws SQLException {
        for (int nth = 0; coupon.order != 0 && nth < orders; nth++) {
            id += random.nextInt(400) == 0 ? 3 : 1;
            boolean withoutUser = ++sinceWithoutUser % withoutUserEvery == 0;
            if (withoutUser) {
                books.exception("coupon_redemption", "null_shard_key", id);
            }
            long at = coupon.usedAt == UserCoupon.NEVER || coupon.usedAt == Template.ZERO_DATE
                    ? coupon.added
                    : coupon.usedAt;
            insert.row(
                    id,
                    withoutUser ? null : coupon.user,
                    coupon.orderNumber(nth),
                    coupon.id,
                    id % 300 == 0 ? null : saved(coupon.template),
                    coupon.refunded ? 1 : 0,
                    // older refunds have no number
                    coupon.refunded && id % 4 != 0 ? "R" + id : null,
                    MallTime.text(at));
        }
    }

    long written() {
        return insert.written();
    }

    @Override
    public void close() throws SQLException {
        insert.close();
    }

    private BigDecimal saved(Template template) {
        return template.type == 1 ? BigDecimal.valueOf(random.nextInt(100, 9_000), 2) : template.amount;
    }
}
