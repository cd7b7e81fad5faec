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
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The rules of one order, also when its coupons come with several requests.
 *
 * <p>Idea: a request writes its uses first and then reads all live ones of the order, locking. Of two requests at the same moment each has
 * written before it reads, so at least one sees the other; when both do, they wait for each other, MySQL ends one, and that one is asked
 * again. Reading first, both could see nothing. Safe for many threads.
 */
final class ShardedOrders {
    // As Pricing tells them.
    private static final String FREIGHT = "c.kind = 2 OR c.discount_type = 3";

    private final Prices prices;
    private final ShardedTables tables;

    ShardedOrders(Prices prices, ShardedTables tables) {
        this.prices = prices;
        this.tables = tables;
    }

    private record Use(CouponId coupon, ShardedActs.Facts facts, long amountMinor, boolean freight) {
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
        if (uses.size() > redeemed.redemptions().size()) {
            requireOneOrder(uses, redeemed);
            requireLines(unit, redeemed);
        }
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
                        row.getLong(5),
                        row.getBoolean(6)),
                "SELECT r.coupon_id, c.template_id, c.source, c.use_round, r.amount_minor, "
                        + FREIGHT + " FROM "
                        + unit.table(Tables.REDEMPTION) + " r JOIN "
                        + unit.table(Tables.COUPON) + " c ON c.coupon_id = r.coupon_id"
                        + " WHERE r.user_id = ? AND r.order_no = ? AND COALESCE(r.refund_status, 0) = 0 FOR SHARE OF r",
                redeemed.userId(),
                redeemed.orderNo());
    }

    private void requireOneOrder(List<Use> uses, Redeemed redeemed) throws SQLException {
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
        List<Use> freight = uses.stream().filter(Use::freight).toList();
        // Of an order that is not told nobody knows the freight: one coupon may be for it.
        if (freight.size() > 1
                && freight.stream().mapToLong(Use::amountMinor).sum()
                        > redeemed.quote().cart().freightMinor()) {
            throw conflict(redeemed, "has used a coupon for its freight: together they take off more than it costs");
        }
    }

    /** Each request was priced as if it were alone; what a line costs, and its freight, they may take off once. */
    private void requireLines(StoreUnit unit, Redeemed redeemed) throws SQLException {
        Optional<Integer> beyond = Sql.first(
                unit.connection(),
                row -> row.getInt(1),
                "SELECT l.line_no FROM " + unit.table(Tables.REDEMPTION) + " r JOIN " + tables.lines(unit)
                        + " l ON l.redemption_id = r.redemption_id JOIN " + unit.table(Tables.COUPON)
                        + " c ON c.coupon_id = r.coupon_id WHERE r.user_id = ? AND r.order_no = ?"
                        + " AND COALESCE(r.refund_status, 0) = 0 GROUP BY l.line_no, l.goods_sn, l.product_id, "
                        + FREIGHT
                        + " HAVING SUM(l.discount_minor) > MIN(l.amount_minor) LIMIT 1",
                redeemed.userId(),
                redeemed.orderNo());
        if (beyond.isPresent()) {
            throw conflict(
                    redeemed,
                    "has used coupons before: together they take more off line " + beyond.get() + " than it costs");
        }
    }

    private static Refusal conflict(Redeemed redeemed, String why) {
        return new Refusal(
                Reason.STACKING_CONFLICT,
                "coupon_ids",
                "Order '" + redeemed.orderNo() + "' " + why + ". Refund those first, or send all coupons together.");
    }
}
