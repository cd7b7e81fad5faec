package dev.cutover.coupon.store;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.sql.Sql;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The uses of coupons in the sharded tables, with holds and refunds in parts. Safe for many threads. */
public final class ShardedUses implements CouponUses {
    private final Prices prices;
    private final ShardedRedemptions redemptions;
    private final ShardedHolds holds;
    private final ShardedRefunds refunds;
    private final ShardedOrders orders;
    private final ShardedBudgets budgets;

    public ShardedUses(Prices prices, Sequences sequences, ShardLayout layout, Failpoints failpoints) {
        ShardedTables tables = new ShardedTables(layout);
        this.prices = prices;
        this.redemptions = new ShardedRedemptions(sequences, tables, failpoints);
        this.holds = new ShardedHolds(failpoints);
        this.refunds = new ShardedRefunds(tables, redemptions, prices, failpoints);
        this.orders = new ShardedOrders(prices, tables, failpoints);
        this.budgets = new ShardedBudgets(failpoints);
    }

    @Override
    public Priced price(StoreView view, long userId, List<CouponId> coupons, Cart cart, long now) throws SQLException {
        List<Prices.Found> found = new ArrayList<>();
        for (CouponId id : coupons) {
            found.add(new Prices.Found(id, ShardedCouponStore.find(view, id)));
        }
        return prices.together(cart, found, userId, now);
    }

    @Override
    public List<Offer> offers(StoreView view, long userId, Cart cart, int limit, long now) throws SQLException {
        return prices.apart(cart, ShardedCouponStore.unused(view, userId, limit, now), userId, now);
    }

    @Override
    public String redeem(StoreUnit unit, RedeemOrder order, long now, Function<Redeemed, String> answer)
            throws SQLException {
        Priced priced = price(unit, order.userId(), order.coupons(), order.cart(), now);
        Redeemed redeemed = redemptions.redeem(unit, order, priced.quote(), now);
        orders.enter(unit, redeemed, now);
        String result = answer.apply(redeemed);
        OperationRows.record(unit, order.operation(), result, now);
        budgets.take(unit, priced.shares());
        return result;
    }

    @Override
    public String hold(StoreUnit unit, HoldOrder order, long now, Function<HoldRow, String> answer)
            throws SQLException {
        Priced priced = price(unit, order.userId(), order.coupons(), order.cart(), now);
        HoldRow hold = holds.hold(unit, order, priced, now);
        orders.enter(unit, hold, now);
        String result = answer.apply(hold);
        OperationRows.record(unit, order.operation(), result, now);
        budgets.take(unit, hold.reserved());
        return result;
    }

    @Override
    public String confirm(StoreUnit unit, HoldAct act, long now, Function<Redeemed, String> answer)
            throws SQLException {
        HoldRow hold = holds.end(unit, act, HoldRow.State.CONFIRMED, now);
        Redeemed redeemed = redemptions.confirm(unit, hold, now);
        orders.enterConfirmed(unit, redeemed, now);
        String result = answer.apply(redeemed);
        OperationRows.record(unit, act.operation(), result, now);
        return result;
    }

    @Override
    public String release(StoreUnit unit, HoldAct act, long now, Function<HoldRow, String> answer) throws SQLException {
        HoldRow hold = holds.end(unit, act, HoldRow.State.RELEASED, now);
        holds.free(unit, hold, now);
        String result = answer.apply(hold);
        OperationRows.record(unit, act.operation(), result, now);
        budgets.putBack(unit, hold.reserved());
        return result;
    }

    @Override
    public Optional<HoldRow> findHold(StoreView view, HoldId id) throws SQLException {
        return holds.find(view, id);
    }

    @Override
    public boolean tidyHold(StoreUnit unit, HoldId id, long now) throws SQLException {
        Optional<HoldRow> tidied = holds.tidy(unit, id, now);
        if (tidied.isPresent()) {
            budgets.putBack(unit, tidied.get().reserved());
        }
        return tidied.isPresent();
    }

    @Override
    public int forgetHolds(StoreUnit unit, long before) throws SQLException {
        return ShardedHolds.forget(unit, before);
    }

    @Override
    public String refund(StoreUnit unit, RefundOrder order, long now, Function<Refunded, String> answer)
            throws SQLException {
        Refunded refunded = refunds.refund(unit, order, now);
        String result = answer.apply(refunded);
        OperationRows.record(unit, order.operation(), result, now);
        TemplateId template = refunded.template();
        if (template != null && prices.terms(template).budgetMinor() != null) {
            budgets.putBack(unit, BudgetShares.of(Map.of(template, refunded.amountMinor())));
        }
        return result;
    }

    @Override
    public String voidCoupon(StoreUnit unit, VoidOrder order, long now, Function<CouponRow, String> answer)
            throws SQLException {
        Redeemable.requireUnused(order.coupon(), ShardedCouponStore.find(unit, order.coupon()), order.userId(), now);
        int voided = Sql.update(
                unit.connection(),
                "UPDATE " + unit.table(Tables.COUPON) + Voiding.VOID + " WHERE " + Voiding.FREE
                        + " AND coupon_id = ? AND user_id = ?",
                now,
                now,
                order.coupon().number(),
                order.userId());
        Optional<CouponRow> after = ShardedCouponStore.find(unit, order.coupon());
        if (voided == 0) {
            throw Redeemable.changedMeanwhile(order.coupon(), after, order.userId(), now);
        }
        unit.touched(Tables.COUPON, Long.toString(order.coupon().number()));
        ShardedActs acts = new ShardedActs(unit, order.userId(), List.of(order.coupon()), now);
        acts.add(Act.VOID, order.coupon(), order.operation().id());
        acts.write();
        String result = answer.apply(after.orElseThrow());
        OperationRows.record(unit, order.operation(), result, now);
        return result;
    }

    @Override
    public Optional<RedemptionRow> redemption(StoreView view, RedemptionId id) throws SQLException {
        return redemptions.find(view, id);
    }

    @Override
    public List<RedemptionRow> redemptions(StoreView view, long userId, Optional<RedemptionId> after, int limit)
            throws SQLException {
        return redemptions.page(view, userId, after, limit);
    }

    @Override
    public List<RedemptionLine> lines(StoreView view, RedemptionRow redemption) throws SQLException {
        return refunds.lines(view, redemption);
    }

    @Override
    public List<RefundRow> refunds(StoreView view, RedemptionRow redemption) throws SQLException {
        return refunds.list(view, redemption);
    }
}
