package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.pricing.Pricing;
import dev.cutover.coupon.pricing.Stacking;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.Sql;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;

/**
 * The rules of one order, also when its coupons come with several requests.
 *
 * <p>Idea: a request writes its uses first and then reads all live ones of the order, locking. Of two requests at the same moment each has
 * written before it reads, so at least one sees the other; when both do, they wait for each other, MySQL ends one, and that one is asked
 * again. Reading first, both could see nothing. Safe for many threads.
 */
final class ShardedOrders {
    private final Prices prices;

    ShardedOrders(Prices prices) {
        this.prices = prices;
    }

    private record Use(CouponId coupon, ShardedActs.Facts facts, long amountMinor) {
        TemplateId template() {
            return facts.template();
        }
    }

    /**
     * Writes what was just used to the ledger, and refuses when it does not go with what the order has used before. Both ask the same
     * rows, so they are read once.
     */
    void enter(StoreUnit unit, Redeemed redeemed, long now) throws SQLException {
        List<Use> uses = live(unit, redeemed);
        requireOneOrder(uses, redeemed);
        ShardedActs acts = new ShardedActs(unit, redeemed.userId(), now);
        uses.forEach(use -> acts.know(use.coupon(), use.facts()));
        for (RedemptionRow redemption : redeemed.redemptions()) {
            acts.redeemed(redeemed.quote().of(redemption.couponId()), redeemed.quote(), redeemed.orderNo());
        }
        acts.write();
    }

    private static List<Use> live(StoreUnit unit, Redeemed redeemed) throws SQLException {
        return Sql.list(
                unit.connection(),
                row -> new Use(
                        new CouponId(row.getLong(1)),
                        new ShardedActs.Facts(new TemplateId(row.getLong(2)), row.getInt(3), row.getInt(4)),
                        row.getLong(5)),
                "SELECT r.coupon_id, c.template_id, c.source, c.use_round, r.amount_minor FROM "
                        + unit.table(Tables.REDEMPTION) + " r JOIN "
                        + unit.table(Tables.COUPON) + " c ON c.coupon_id = r.coupon_id"
                        + " WHERE r.user_id = ? AND r.order_no = ? AND COALESCE(r.refund_status, 0) = 0 FOR SHARE OF r",
                redeemed.userId(),
                redeemed.orderNo());
    }

    private void requireOneOrder(List<Use> uses, Redeemed redeemed) throws SQLException {
        if (uses.size() <= redeemed.redemptions().size()) {
            return;
        }
        if (uses.size() > Pricing.MOST_COUPONS) {
            throw conflict(redeemed, "uses " + uses.size() + " coupons by now, more than " + Pricing.MOST_COUPONS);
        }
        List<CouponId> ours =
                redeemed.redemptions().stream().map(RedemptionRow::couponId).toList();
        for (Use mine : uses) {
            Stacking stacking = prices.stacking(mine.template());
            for (Use before : uses) {
                if (ours.contains(mine.coupon())
                        && !ours.contains(before.coupon())
                        && stacking.excludes(prices.stacking(before.template()))) {
                    throw conflict(
                            redeemed,
                            "has used coupon " + before.coupon() + ", which does not go with " + mine.coupon());
                }
            }
        }
        OptionalLong payable = redeemed.quote().cart().amountMinor();
        long taken = uses.stream().mapToLong(Use::amountMinor).sum();
        if (payable.isPresent()
                && taken > payable.getAsLong() + redeemed.quote().cart().freightMinor()) {
            throw conflict(redeemed, "has used coupons before: together they take off more than it costs");
        }
    }

    private static Refusal conflict(Redeemed redeemed, String why) {
        return new Refusal(
                Reason.STACKING_CONFLICT,
                "coupon_ids",
                "Order '" + redeemed.orderNo() + "' " + why + ". Refund those first, or send all coupons together.");
    }
}
