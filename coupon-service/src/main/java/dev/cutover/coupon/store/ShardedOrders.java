package dev.cutover.coupon.store;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.CouponQuote;
import dev.cutover.coupon.pricing.OrderLine;
import dev.cutover.coupon.pricing.Pricing;
import dev.cutover.coupon.pricing.Quote;
import dev.cutover.coupon.pricing.Stacking;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.Sql;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The rules of one order, also when its coupons come with several requests: those it has used, those that are held for it, and those of the
 * request go together.
 *
 * <p>Idea: a request writes its uses or its hold first and then reads all that the order has, locking. Of two requests at the same moment
 * each has written before it reads, so at least one sees the other; when both do, they wait for each other, MySQL ends one, and that one is
 * asked again. Reading first, both could see nothing. Holds are read before uses: one that is being confirmed is waited for, and is a use
 * then. A confirmation does not ask the holds, each of which has asked it. Safe for many threads.
 */
final class ShardedOrders {
    /** A test has what the order has read without waiting for those who write it, to see itself fail. */
    static final String READS_UNLOCKED = "order.readsUnlocked";

    // As Pricing tells them.
    private static final String FREIGHT =
            "COALESCE(c.kind, a.kind) = 2 OR COALESCE(c.discount_type, a.discount_type) = 3";

    private final Prices prices;
    private final ShardedTables tables;
    private final Failpoints failpoints;

    ShardedOrders(Prices prices, ShardedTables tables, Failpoints failpoints) {
        this.prices = prices;
        this.tables = tables;
        this.failpoints = failpoints;
    }

    /** A coupon that takes something off the order, or will when its hold is confirmed. */
    private record Taking(CouponId coupon, TemplateId template, long amountMinor, boolean freight) {}

    /** A line of the order, its goods or its freight; two requests mean the same one when they say the same of it. */
    private record Part(
            int line, @Nullable String goodsSn, @Nullable String productId, boolean freight) {}

    /** What is taken off a part of which this request or an earlier one said what it costs. */
    private record Spared(Part part, long discountMinor, long amountMinor) {}

    private record Use(Taking taking, ShardedActs.Facts facts) {}

    /** What others hold for the order. */
    private record Held(List<Taking> takings, List<Spared> spared) {}

    /** Asks whether what was just held goes with what the order has. */
    void enter(StoreUnit unit, HoldRow hold, long now) throws SQLException {
        Held others = held(unit, hold.userId(), hold.orderNo(), hold, now);
        List<Taking> before = new ArrayList<>(others.takings());
        live(unit, hold.userId(), hold.orderNo()).forEach(use -> before.add(use.taking()));
        if (!before.isEmpty()) {
            List<Spared> spared = new ArrayList<>(others.spared());
            spared.addAll(spared(hold.quote()));
            require(
                    unit,
                    hold.userId(),
                    hold.orderNo(),
                    hold.quote().cart(),
                    before,
                    takings(unit, hold.quote()),
                    spared);
        }
    }

    /** Writes what was just used to the ledger, and refuses when it does not go with what the order has. */
    void enter(StoreUnit unit, Redeemed redeemed, long now) throws SQLException {
        enter(unit, redeemed, held(unit, redeemed.userId(), redeemed.orderNo(), null, now), now);
    }

    /** The same of what a hold had: whatever is held besides has been asked whether it goes with it. */
    void enterConfirmed(StoreUnit unit, Redeemed redeemed, long now) throws SQLException {
        enter(unit, redeemed, new Held(List.of(), List.of()), now);
    }

    // The rules and the ledger ask the same rows, so they are read once.
    private void enter(StoreUnit unit, Redeemed redeemed, Held held, long now) throws SQLException {
        List<Use> uses = live(unit, redeemed.userId(), redeemed.orderNo());
        List<CouponId> ids =
                redeemed.redemptions().stream().map(RedemptionRow::couponId).toList();
        List<Taking> ours = new ArrayList<>();
        List<Taking> before = new ArrayList<>(held.takings());
        for (Use use : uses) {
            (ids.contains(use.taking().coupon()) ? ours : before).add(use.taking());
        }
        if (!before.isEmpty()) {
            require(
                    unit,
                    redeemed.userId(),
                    redeemed.orderNo(),
                    redeemed.quote().cart(),
                    before,
                    ours,
                    held.spared());
        }
        ShardedActs acts = new ShardedActs(unit, redeemed.userId(), now);
        uses.forEach(use -> acts.know(use.taking().coupon(), use.facts()));
        for (CouponId coupon : ids) {
            acts.redeemed(redeemed.quote().of(coupon), redeemed.quote(), redeemed.orderNo());
        }
        acts.write();
    }

    private List<Use> live(StoreUnit unit, long userId, String orderNo) throws SQLException {
        return Sql.list(
                unit.connection(),
                row -> {
                    TemplateId template = new TemplateId(row.getLong(2));
                    return new Use(
                            new Taking(new CouponId(row.getLong(1)), template, row.getLong(5), row.getBoolean(6)),
                            new ShardedActs.Facts(template, row.getInt(3), row.getInt(4)));
                },
                "SELECT r.coupon_id, COALESCE(c.template_id, a.template_id), COALESCE(c.source, a.source),"
                        + " COALESCE(c.use_round, a.use_round), r.amount_minor, " + FREIGHT + " FROM "
                        + unit.table(Tables.REDEMPTION) + " r" + withCoupons(unit)
                        + " WHERE r.user_id = ? AND r.order_no = ? AND COALESCE(r.refund_status, 0) = 0"
                        + locking(" FOR SHARE OF r"),
                userId,
                orderNo);
    }

    /** An order that is as old as that may have coupons in the archive. */
    private static String withCoupons(StoreUnit unit) {
        String coupons = unit.table(Tables.COUPON);
        return " LEFT JOIN " + coupons + " c ON c.coupon_id = r.coupon_id LEFT JOIN " + Tables.archiveOf(coupons)
                + " a ON a.coupon_id = r.coupon_id";
    }

    private Held held(StoreUnit unit, long userId, String orderNo, @Nullable HoldRow own, long now)
            throws SQLException {
        List<Quote> quotes = Sql.list(
                unit.connection(),
                row -> HoldText.read(row.getString(1)).quote(),
                "SELECT agreed FROM " + ShardedTables.HOLD
                        + " WHERE user_id = ? AND order_no = ? AND state = 1 AND hold_until > ? AND hold_no <> ?"
                        + locking(" FOR SHARE"),
                userId,
                orderNo,
                now,
                own == null ? "" : own.id().text());
        List<Taking> takings = new ArrayList<>();
        List<Spared> spared = new ArrayList<>();
        for (Quote quote : quotes) {
            takings.addAll(takings(unit, quote));
            spared.addAll(spared(quote));
        }
        return new Held(takings, spared);
    }

    private String locking(String clause) {
        return failpoints.planted(READS_UNLOCKED) ? "" : clause;
    }

    private static List<Taking> takings(StoreUnit unit, Quote quote) throws SQLException {
        return Sql.list(
                unit.connection(),
                row -> {
                    CouponQuote coupon = quote.of(new CouponId(row.getLong(1)));
                    return new Taking(
                            coupon.id(), new TemplateId(row.getLong(2)), coupon.amountMinor(), coupon.freight());
                },
                "SELECT coupon_id, template_id FROM " + unit.table(Tables.COUPON) + " WHERE coupon_id IN "
                        + Sql.tuples(1, quote.coupons().size()),
                quote.coupons().stream().map(coupon -> coupon.id().number()).toArray());
    }

    private static List<Spared> spared(Quote quote) {
        List<Spared> spared = new ArrayList<>();
        for (CouponQuote coupon : quote.coupons()) {
            for (CouponQuote.Share share : coupon.shares()) {
                OrderLine line = quote.cart().lines().get(share.line());
                spared.add(new Spared(
                        new Part(
                                share.line(),
                                line.product().goodsSn(),
                                line.product().id(),
                                coupon.freight()),
                        share.amountMinor(),
                        coupon.freight() ? line.freightMinor() : line.amountMinor()));
            }
        }
        return spared;
    }

    private void require(
            StoreUnit unit,
            long userId,
            String orderNo,
            Cart cart,
            List<Taking> before,
            List<Taking> ours,
            List<Spared> held)
            throws SQLException {
        List<Taking> all = new ArrayList<>(before);
        all.addAll(ours);
        if (all.size() > Pricing.MOST_COUPONS) {
            throw conflict(orderNo, "has " + all.size() + " coupons by now, more than " + Pricing.MOST_COUPONS);
        }
        for (Taking mine : ours) {
            Stacking stacking = prices.stacking(mine.template());
            for (Taking other : before) {
                if (stacking.excludes(prices.stacking(other.template()))) {
                    throw conflict(
                            orderNo, "has coupon " + other.coupon() + ", which does not go with " + mine.coupon());
                }
            }
        }
        requireNotMoreThanItCosts(orderNo, cart, all);
        requireLines(unit, userId, orderNo, held);
    }

    private static void requireNotMoreThanItCosts(String orderNo, Cart cart, List<Taking> all) {
        OptionalLong payable = cart.amountMinor();
        long taken = all.stream().mapToLong(Taking::amountMinor).sum();
        if (payable.isPresent() && taken > payable.getAsLong() + cart.freightMinor()) {
            throw conflict(orderNo, "has other coupons: together they take off more than it costs");
        }
        if (all.stream().filter(Taking::freight).count() > Pricing.MOST_FREIGHT_COUPONS) {
            throw conflict(orderNo, "has a coupon for its freight, and uses no second");
        }
    }

    /** Each request was priced as if it were alone; what a line costs, and its freight, they may take off once. */
    private void requireLines(StoreUnit unit, long userId, String orderNo, List<Spared> held) throws SQLException {
        List<Spared> all = new ArrayList<>(held);
        all.addAll(Sql.list(
                unit.connection(),
                row -> new Spared(
                        new Part(row.getInt(1), row.getString(2), row.getString(3), row.getBoolean(4)),
                        row.getLong(5),
                        row.getLong(6)),
                "SELECT l.line_no, l.goods_sn, l.product_id, " + FREIGHT + ", l.discount_minor, l.amount_minor FROM "
                        + unit.table(Tables.REDEMPTION) + " r JOIN " + tables.lines(unit)
                        + " l ON l.redemption_id = r.redemption_id" + withCoupons(unit)
                        + " WHERE r.user_id = ? AND r.order_no = ?"
                        + " AND COALESCE(r.refund_status, 0) = 0",
                userId,
                orderNo));
        Map<Part, Spared> sums = new HashMap<>();
        for (Spared one : all) {
            Spared sum = sums.merge(
                    one.part(),
                    one,
                    (a, b) -> new Spared(
                            a.part(),
                            a.discountMinor() + b.discountMinor(),
                            Math.min(a.amountMinor(), b.amountMinor())));
            if (sum.discountMinor() > sum.amountMinor()) {
                throw conflict(
                        orderNo,
                        "has other coupons: together they take more off line "
                                + one.part().line() + " than it costs");
            }
        }
    }

    private static Refusal conflict(String orderNo, String why) {
        return new Refusal(
                Reason.STACKING_CONFLICT,
                "coupon_ids",
                "Order '" + orderNo + "' " + why + ". Refund or release those first, or send all coupons together.");
    }
}
