package dev.cutover.coupon.store;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.pricing.CouponQuote;
import dev.cutover.coupon.pricing.OrderLine;
import dev.cutover.coupon.pricing.Quote;
import dev.cutover.coupon.sql.Sql;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Coupons of the new side becoming used: directly, or by the hold that has them.
 *
 * <p>Idea: the row of the coupon is the only judge. Whoever turns its status from 1 to 3 by a conditional update has it, and nobody looks at
 * anything else to decide. A hold does not change the status: a held coupon is one whose {@code hold_until} is not over, so that the mall,
 * which knows no holds, sees an unused coupon, and so that the end of a hold needs nobody to write it. A direct use takes only what is not
 * held, a confirmation only what its own hold has. Safe for many threads.
 */
final class ShardedRedemptions {
    /** A test leaves the condition out, to see itself fail. */
    static final String NO_PREDICATE = "use.noPredicate";

    private static final int LINE_COLUMNS = 9;

    private final Sequences sequences;
    private final ShardedTables tables;
    private final Failpoints failpoints;

    ShardedRedemptions(Sequences sequences, ShardedTables tables, Failpoints failpoints) {
        this.sequences = sequences;
        this.tables = tables;
        this.failpoints = failpoints;
    }

    Redeemed redeem(StoreUnit unit, RedeemOrder order, Quote quote, long now) throws SQLException {
        quote.require();
        failpoints.hit(Failpoint.USE_READ);
        String condition = failpoints.planted(NO_PREDICATE)
                ? " AND ? IS NOT NULL AND ? IS NOT NULL AND ? IS NOT NULL"
                : " AND status = 1 AND deleted = 0 AND valid_from <= ? AND valid_to > ?"
                        + " AND (hold_until IS NULL OR hold_until <= ?)";
        for (CouponId id : order.coupons()) {
            int used = use(unit, id, order.userId(), order.orderNo(), now, condition, now, now, now);
            if (used == 0) {
                throw Redeemable.changedMeanwhile(id, ShardedCouponStore.find(unit, id), order.userId(), now);
            }
        }
        return record(unit, order.userId(), order.orderNo(), order.coupons(), quote, now);
    }

    /** Uses what is held, for what was agreed when it was; its end of validity does not matter any more, that of the hold does. */
    Redeemed confirm(StoreUnit unit, HoldRow hold, long now) throws SQLException {
        failpoints.hit(Failpoint.USE_READ);
        List<CouponId> coupons =
                hold.quote().coupons().stream().map(CouponQuote::id).toList();
        for (CouponId id : coupons) {
            int used = use(
                    unit,
                    id,
                    hold.userId(),
                    hold.orderNo(),
                    now,
                    " AND status = 1 AND deleted = 0 AND hold_no = ? AND hold_until > ?",
                    hold.id().text(),
                    now);
            if (used == 0) {
                throw Redeemable.notHeld(id, ShardedCouponStore.find(unit, id), hold, now);
            }
        }
        return record(unit, hold.userId(), hold.orderNo(), coupons, hold.quote(), now);
    }

    private static int use(
            StoreUnit unit, CouponId id, long userId, String orderNo, long now, String condition, Object... values)
            throws SQLException {
        List<Object> all = new ArrayList<>(List.of(now, orderNo, now, id.number(), userId));
        all.addAll(List.of(values));
        int used = Sql.update(
                unit.connection(),
                "UPDATE " + unit.table(Tables.COUPON)
                        + " SET status = 3, used_at = ?, order_no = ?, hold_no = NULL, hold_until = NULL,"
                        + " version = version + 1, updated_at = ? WHERE coupon_id = ? AND user_id = ?" + condition,
                all.toArray());
        if (used == 1) {
            unit.touched(Tables.COUPON, Long.toString(id.number()));
        }
        return used;
    }

    private Redeemed record(StoreUnit unit, long userId, String orderNo, List<CouponId> coupons, Quote quote, long now)
            throws SQLException {
        List<Long> numbers = sequences.next(Sequences.REDEMPTION, coupons.size());
        List<RedemptionRow> redemptions = new ArrayList<>();
        List<@Nullable Object> lines = new ArrayList<>();
        for (CouponId coupon : coupons) {
            CouponQuote amounts = quote.of(coupon);
            RedemptionRow redemption = new RedemptionRow(
                    RedemptionId.of(numbers.get(redemptions.size()), unit.slot()),
                    userId,
                    orderNo,
                    coupon,
                    amounts.amountMinor(),
                    false,
                    null,
                    now);
            insert(unit, redemption, now);
            redemptions.add(redemption);
            for (CouponQuote.Share share : amounts.shares()) {
                OrderLine line = quote.cart().lines().get(share.line());
                lines.add(redemption.id().number());
                lines.add(share.line());
                lines.add(line.product().id());
                lines.add(line.product().goodsSn());
                lines.add(line.product().category());
                lines.add(line.quantity());
                lines.add(amounts.freight() ? line.freightMinor() : line.amountMinor());
                lines.add(share.amountMinor());
                lines.add(now);
            }
        }
        if (!lines.isEmpty()) {
            Sql.update(
                    unit.connection(),
                    "INSERT INTO " + tables.lines(unit)
                            + " (redemption_id, line_no, product_id, goods_sn, category_id, quantity, amount_minor,"
                            + " discount_minor, created_at) VALUES "
                            + Sql.tuples(lines.size() / LINE_COLUMNS, LINE_COLUMNS),
                    lines.toArray());
        }
        failpoints.hit(Failpoint.USE_WRITTEN);
        return new Redeemed(userId, orderNo, redemptions, quote);
    }

    private static void insert(StoreUnit unit, RedemptionRow redemption, long now) throws SQLException {
        Sql.update(
                unit.connection(),
                "INSERT INTO " + unit.table(Tables.REDEMPTION)
                        + " (redemption_id, user_id, order_no, coupon_id, amount_minor, refund_status, created_at)"
                        + " VALUES (?, ?, ?, ?, ?, 0, ?)",
                redemption.id().number(),
                redemption.userId(),
                redemption.orderNo(),
                redemption.couponId().number(),
                redemption.amountMinor(),
                now);
        unit.touched(Tables.REDEMPTION, Long.toString(redemption.id().number()));
    }

    Optional<RedemptionRow> find(StoreView view, RedemptionId id) throws SQLException {
        return list(view, "redemption_id = ?", id.number()).stream().findFirst();
    }

    List<RedemptionRow> page(StoreView view, long userId, Optional<RedemptionId> after, int limit) throws SQLException {
        return list(
                view,
                "user_id = ? AND redemption_id > ? ORDER BY redemption_id LIMIT ?",
                userId,
                after.map(RedemptionId::number).orElse(0L),
                limit);
    }

    private static List<RedemptionRow> list(StoreView view, String condition, Object... values) throws SQLException {
        return Sql.list(
                view.connection(),
                row -> new RedemptionRow(
                        new RedemptionId(row.getLong("redemption_id")),
                        row.getLong("user_id"),
                        row.getString("order_no"),
                        new CouponId(row.getLong("coupon_id")),
                        row.getLong("amount_minor"),
                        row.getInt("refund_status") == 1,
                        row.getString("refund_no"),
                        dev.cutover.coupon.template.TemplateRow.number(row, "created_at")),
                "SELECT redemption_id, user_id, order_no, coupon_id, amount_minor, refund_status, refund_no, created_at FROM "
                        + view.table(Tables.REDEMPTION) + " WHERE " + condition,
                values);
    }
}
