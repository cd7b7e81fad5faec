package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.CouponQuote;
import dev.cutover.coupon.pricing.Quote;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.template.TemplateRow;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * The uses of coupons as the mall wrote them: whole ones and whole refunds. Amounts come from the same arithmetic as on the new side; the
 * lines of an order are priced and not kept, for there is no column for them.
 *
 * <p>Locks are taken in the order coupons (ascending), operation, templates (ascending), so no two units can wait in a circle.
 *
 * <p>Safe for many threads.
 */
public final class LegacyUses implements CouponUses {
    private static final String REDEMPTION =
            "SELECT r.id, r.user_id, r.order_sn, r.coupon_user_id, CAST(r.coupon_amount * 100 AS SIGNED) AS amount_minor,"
                    + " r.refund_status, r.refund_no,"
                    + " TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', r.add_time) * 1000 AS created_at FROM ";

    private final Prices prices;

    public LegacyUses(Prices prices) {
        this.prices = prices;
    }

    @Override
    public Priced price(StoreView view, long userId, List<CouponId> coupons, Cart cart, long now) throws SQLException {
        return prices.together(cart, found(view, coupons), userId, now);
    }

    private static List<Prices.Found> found(StoreView view, List<CouponId> coupons) throws SQLException {
        List<Prices.Found> found = new ArrayList<>();
        for (CouponId id : coupons) {
            found.add(new Prices.Found(id, LegacyCouponStore.find(view, id)));
        }
        return found;
    }

    @Override
    public List<Offer> offers(StoreView view, long userId, Cart cart, int limit, long now) throws SQLException {
        return prices.apart(cart, LegacyCouponStore.unused(view, userId, limit, now), userId, now);
    }

    @Override
    public String redeem(StoreUnit unit, RedeemOrder order, long now, Function<Redeemed, String> answer)
            throws SQLException {
        List<Prices.Found> found = found(unit, order.coupons());
        Quote quote = prices.together(order.cart(), found, order.userId(), now).quote();
        quote.require();
        List<RedemptionRow> redemptions = new ArrayList<>();
        Map<Long, Integer> usesOfTemplate = new TreeMap<>();
        for (Prices.Found one : found) {
            CouponQuote amounts = quote.of(one.id());
            use(unit, order, one.id(), now);
            redemptions.add(insertRedemption(unit, order, amounts, now));
            usesOfTemplate.merge(one.row().orElseThrow().templateId().number(), 1, Integer::sum);
        }
        String result = answer.apply(new Redeemed(order.userId(), order.orderNo(), redemptions, quote));
        OperationRows.record(unit, order.operation(), result, now);
        for (Map.Entry<Long, Integer> uses : usesOfTemplate.entrySet()) {
            Sql.update(
                    unit.connection(),
                    "UPDATE mall_coupon SET use_count = COALESCE(use_count, 0) + ? WHERE id = ?",
                    uses.getValue(),
                    uses.getKey());
        }
        return result;
    }

    private static void use(StoreUnit unit, RedeemOrder order, CouponId id, long now) throws SQLException {
        int used = Sql.update(
                unit.connection(),
                "UPDATE " + unit.table(Tables.COUPON)
                        + " SET status = 1, used_time = ?, order_sn = ?, update_time = ?"
                        + " WHERE id = ? AND user_id = ? AND status = 0 AND deleted = 0",
                MallTime.wallClock(now),
                order.orderNo(),
                MallTime.timestamp(now),
                id.sequence(),
                order.userId());
        if (used == 0) {
            throw Redeemable.changedMeanwhile(id, LegacyCouponStore.find(unit, id), order.userId(), now);
        }
        unit.touched(Tables.COUPON, Long.toString(id.sequence()));
    }

    private static RedemptionRow insertRedemption(StoreUnit unit, RedeemOrder order, CouponQuote amounts, long now)
            throws SQLException {
        CouponId coupon = amounts.id();
        long id = Sql.insert(
                        unit.connection(),
                        "INSERT INTO " + unit.table(Tables.REDEMPTION)
                                + " (user_id, order_sn, coupon_user_id, coupon_amount, refund_status, add_time)"
                                + " VALUES (?, ?, ?, ?, 0, ?)",
                        order.userId(),
                        order.orderNo(),
                        coupon.sequence(),
                        BigDecimal.valueOf(amounts.amountMinor(), 2),
                        MallTime.wallClock(now))
                .get(0);
        unit.touched(Tables.REDEMPTION, Long.toString(id));
        return new RedemptionRow(
                RedemptionId.of(id, unit.slot()),
                order.userId(),
                order.orderNo(),
                coupon,
                amounts.amountMinor(),
                false,
                null,
                now);
    }

    @Override
    public String hold(StoreUnit unit, HoldOrder order, long now, Function<HoldRow, String> answer) {
        throw holdsAreOfTheNewSide();
    }

    @Override
    public String confirm(StoreUnit unit, HoldAct act, long now, Function<Redeemed, String> answer) {
        throw holdsAreOfTheNewSide();
    }

    @Override
    public String release(StoreUnit unit, HoldAct act, long now, Function<HoldRow, String> answer) {
        throw holdsAreOfTheNewSide();
    }

    @Override
    public Optional<HoldRow> findHold(StoreView view, HoldId id) {
        throw holdsAreOfTheNewSide();
    }

    @Override
    public boolean tidyHold(StoreUnit unit, HoldId id, long now) {
        throw holdsAreOfTheNewSide();
    }

    @Override
    public int forgetHolds(StoreUnit unit, long before) {
        throw holdsAreOfTheNewSide();
    }

    private static MigrationFenceException holdsAreOfTheNewSide() {
        return new MigrationFenceException("Coupons can be held once the migration has switched to the new side;"
                + " nothing was changed. Redeem them directly until then.");
    }

    @Override
    public String refund(StoreUnit unit, RefundOrder order, long now, Function<Refunded, String> answer)
            throws SQLException {
        RedemptionRow redemption = Redeemable.requireOwned(redemption(unit, order.redemption()), order, unit.slot());
        if (order.partial()) {
            throw new MigrationFenceException("A use can be refunded in part once the migration has switched to the"
                    + " new side; nothing was changed. Refund it whole, or then.");
        }
        if (redemption.refundNo() != null) {
            // What the new side leaves in the mall's columns; how much it was, they cannot tell.
            throw new MigrationFenceException("Redemption " + redemption.id() + " was refunded in part (refund '"
                    + redemption.refundNo() + "') while the new side held the truth; nothing was changed."
                    + " The rest can be refunded when it does again.");
        }
        CouponId coupon = redemption.couponId();
        // The coupon before the redemption, as a redemption locks them.
        int restored = Sql.update(
                unit.connection(),
                "UPDATE " + unit.table(Tables.COUPON)
                        + " SET status = IF(end_time >= ?, 0, 2), used_time = NULL, order_id = NULL, order_sn = NULL, update_time = ?"
                        + " WHERE id = ? AND user_id = ? AND status = 1 AND order_sn <=> ?",
                MallTime.wallClock(now),
                MallTime.timestamp(now),
                coupon.sequence(),
                order.userId(),
                redemption.orderNo());
        if (restored == 1) {
            unit.touched(Tables.COUPON, Long.toString(coupon.sequence()));
        }
        int refunded = Sql.update(
                unit.connection(),
                "UPDATE " + unit.table(Tables.REDEMPTION) + " SET refund_status = 1, refund_no = ?"
                        + " WHERE id = ? AND user_id = ? AND COALESCE(refund_status, 0) = 0",
                order.refundNo(),
                order.redemption().sequence(),
                order.userId());
        if (refunded == 0) {
            throw Redeemable.alreadyRefunded(order);
        }
        unit.touched(Tables.REDEMPTION, Long.toString(order.redemption().sequence()));
        Optional<CouponRow> row = LegacyCouponStore.find(unit, coupon);
        CouponStatus status = row.map(found -> found.statusAt(now)).orElse(CouponStatus.VOIDED);
        String result = answer.apply(new Refunded(
                order,
                redemption,
                now,
                redemption.amountMinor(),
                redemption.amountMinor(),
                restored == 1,
                status,
                row.map(CouponRow::templateId).orElse(null)));
        OperationRows.record(unit, order.operation(), result, now);
        return result;
    }

    @Override
    public String voidCoupon(StoreUnit unit, VoidOrder order, long now, Function<CouponRow, String> answer)
            throws SQLException {
        CouponId id = order.coupon();
        Redeemable.requireUnused(id, LegacyCouponStore.find(unit, id), order.userId(), now);
        int voided = Sql.update(
                unit.connection(),
                "UPDATE " + unit.table(Tables.COUPON)
                        + " SET status = 3, update_time = ? WHERE id = ? AND user_id = ? AND status = 0 AND deleted = 0",
                MallTime.timestamp(now),
                id.sequence(),
                order.userId());
        Optional<CouponRow> after = LegacyCouponStore.find(unit, id);
        if (voided == 0) {
            throw Redeemable.changedMeanwhile(id, after, order.userId(), now);
        }
        unit.touched(Tables.COUPON, Long.toString(id.sequence()));
        String result = answer.apply(after.orElseThrow());
        OperationRows.record(unit, order.operation(), result, now);
        return result;
    }

    @Override
    public Optional<RedemptionRow> redemption(StoreView view, RedemptionId id) throws SQLException {
        return list(view, view.table(Tables.REDEMPTION) + " r WHERE r.id = ?", id.sequence()).stream()
                .findFirst();
    }

    /** By way of the user's coupons: the mall finds a use by its coupon or its order, not by its user. */
    @Override
    public List<RedemptionRow> redemptions(StoreView view, long userId, Optional<RedemptionId> after, int limit)
            throws SQLException {
        return list(
                view,
                view.table(Tables.COUPON) + " s JOIN " + view.table(Tables.REDEMPTION)
                        + " r ON r.coupon_user_id = s.id WHERE s.user_id = ? AND r.user_id = ? AND r.id > ?"
                        + " ORDER BY r.id LIMIT ?",
                userId,
                userId,
                after.map(RedemptionId::sequence).orElse(0L),
                limit);
    }

    private static List<RedemptionRow> list(StoreView view, String from, Object... values) throws SQLException {
        return Sql.list(
                view.connection(),
                row -> new RedemptionRow(
                        RedemptionId.of(row.getLong("id"), view.slot()),
                        row.getLong("user_id"),
                        row.getString("order_sn"),
                        CouponId.of(row.getLong("coupon_user_id"), view.slot()),
                        row.getLong("amount_minor"),
                        row.getInt("refund_status") == 1,
                        row.getString("refund_no"),
                        TemplateRow.number(row, "created_at")),
                REDEMPTION + from,
                values);
    }

    @Override
    public List<RedemptionLine> lines(StoreView view, RedemptionRow redemption) {
        return List.of();
    }

    @Override
    public List<RefundRow> refunds(StoreView view, RedemptionRow redemption) {
        return redemption.refunded()
                ? List.of(new RefundRow(redemption.refundNo(), redemption.amountMinor(), null))
                : List.of();
    }
}
