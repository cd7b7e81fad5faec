package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.ledger.Entry;
import dev.cutover.coupon.ledger.Ledger;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.pricing.CouponQuote;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.pricing.Quote;
import dev.cutover.coupon.sql.Sql;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a unit does to coupons that exist, gathered and written to the ledger at its end with one statement. Owned by one thread.
 *
 * <p>Each act is one call of {@link #add}. The round of a use is that of the row before the unit changed it.
 */
final class ShardedActs {
    private final StoreUnit unit;
    private final long userId;
    private final long now;
    private final Map<CouponId, Facts> known = new HashMap<>();
    private final List<Entry> entries = new ArrayList<>();

    /** What the ledger says of a coupon besides the act. */
    record Facts(TemplateId template, int source, int useRound) {}

    ShardedActs(StoreUnit unit, long userId, long now) {
        this.unit = unit;
        this.userId = userId;
        this.now = now;
    }

    /** With the facts of these coupons read from their rows, which stay locked: nobody puts them into the archive meanwhile. */
    ShardedActs(StoreUnit unit, long userId, List<CouponId> coupons, long now) throws SQLException {
        this(unit, userId, coupons, now, " FOR UPDATE");
    }

    /** @param locking how the rows are locked */
    ShardedActs(StoreUnit unit, long userId, List<CouponId> coupons, long now, String locking) throws SQLException {
        this(unit, userId, now);
        Sql.list(
                unit.connection(),
                row -> known.put(
                        new CouponId(row.getLong(1)),
                        new Facts(new TemplateId(row.getLong(2)), row.getInt(3), row.getInt(4))),
                "SELECT coupon_id, template_id, source, use_round FROM " + unit.table(Tables.COUPON)
                        + " WHERE coupon_id IN " + Sql.tuples(1, coupons.size()) + locking,
                coupons.stream().map(CouponId::number).toArray());
    }

    boolean knows(CouponId coupon) {
        return known.containsKey(coupon);
    }

    void know(CouponId coupon, Facts facts) {
        known.put(coupon, facts);
    }

    void add(Act act, CouponId coupon, String businessNo) {
        add(act, coupon, businessNo, 0, Channel.NONE, Map.of());
    }

    /** Something taken back of a use, for whoever the use came through. */
    void refunded(Act act, CouponId coupon, String refundNo, long amountMinor) throws SQLException {
        Facts facts = known.get(coupon);
        if (facts != null) {
            Channel via = Ledger.viaOfUse(unit.connection(), coupon, facts.useRound());
            add(act, coupon, refundNo, amountMinor, via, Map.of());
        }
    }

    /** A use, with what each product was spared. */
    void redeemed(CouponQuote amounts, Quote quote, String orderNo) {
        Map<String, Long> goods = new HashMap<>();
        for (CouponQuote.Share share : amounts.shares()) {
            Product product = quote.cart().lines().get(share.line()).product();
            String name = product.goodsSn() == null ? product.id() : product.goodsSn();
            if (name != null) {
                goods.merge(name, share.amountMinor(), Long::sum);
            }
        }
        add(
                Act.REDEEM,
                amounts.id(),
                orderNo,
                amounts.amountMinor(),
                quote.cart().via(),
                goods);
    }

    private void add(
            Act act, CouponId coupon, String businessNo, long amountMinor, Channel via, Map<String, Long> goods) {
        Facts facts = known.get(coupon);
        // A row of the mall may name a coupon that is gone; then there is nothing whose history this would be.
        if (facts != null) {
            entries.add(new Entry(
                    act,
                    coupon,
                    userId,
                    facts.template(),
                    facts.source(),
                    facts.useRound(),
                    businessNo,
                    amountMinor,
                    via,
                    goods,
                    now));
            if (act == Act.RESTORE) {
                // What follows in this unit is of the next round.
                known.put(coupon, new Facts(facts.template(), facts.source(), facts.useRound() + 1));
            }
        }
    }

    void write() throws SQLException {
        Ledger.append(unit.connection(), entries);
        entries.forEach(entry -> unit.acted(entry.userId()));
    }
}
