package dev.cutover.coupon.store;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.pricing.CouponQuote;
import dev.cutover.coupon.pricing.Quote;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.Sql;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Coupons of the new side kept for an order, and let go.
 *
 * <p>Time: {@code now} is the clock of the instance that does the work, in whole seconds, as everywhere in this service, and never that of
 * the database. An instance whose clock is ahead of the one that took the hold sees it end as much too early, one whose clock is behind as
 * much too late. That moves the moment, not the promise: whoever comes, each edge is one conditional update of the coupon's row, so at any
 * time one hold has it, and a use after an early end makes the confirmation find nothing. Keep the clocks of instances well within the
 * shortest ttl.
 *
 * <p>The row of the hold keeps what was agreed and is locked first by whoever ends the hold, before the coupons, whose rows decide. Safe for
 * many threads.
 */
final class ShardedHolds {
    private final Failpoints failpoints;

    ShardedHolds(Failpoints failpoints) {
        this.failpoints = failpoints;
    }

    HoldRow hold(StoreUnit unit, HoldOrder order, Priced priced, long now) throws SQLException {
        Quote quote = priced.quote();
        quote.require();
        BudgetShares reserved = priced.shares();
        failpoints.hit(Failpoint.USE_READ);
        long until = now + order.ttl().toMillis();
        for (CouponId id : order.coupons()) {
            int held = Sql.update(
                    unit.connection(),
                    "UPDATE " + unit.table(Tables.COUPON)
                            + " SET hold_no = ?, hold_until = ?, version = version + 1, updated_at = ?"
                            + " WHERE coupon_id = ? AND user_id = ? AND status = 1 AND deleted = 0 AND valid_to > ?"
                            + " AND (hold_until IS NULL OR hold_until <= ?)",
                    order.id().text(),
                    until,
                    now,
                    id.number(),
                    order.userId(),
                    now,
                    now);
            if (held == 0) {
                throw Redeemable.changedMeanwhile(id, ShardedCouponStore.find(unit, id), order.userId(), now);
            }
            unit.touched(Tables.COUPON, Long.toString(id.number()));
        }
        Sql.update(
                unit.connection(),
                "INSERT INTO " + ShardedTables.HOLD
                        + " (hold_no, user_id, order_no, agreed, hold_until, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                order.id().text(),
                order.userId(),
                order.orderNo(),
                HoldText.of(quote, reserved),
                until,
                HoldRow.State.HELD.code(),
                now);
        ShardedActs acts = new ShardedActs(unit, order.userId(), order.coupons(), now);
        order.coupons().forEach(coupon -> acts.add(Act.HOLD, coupon, order.id().text()));
        acts.write();
        failpoints.hit(Failpoint.USE_WRITTEN);
        return new HoldRow(
                order.id(), order.userId(), order.orderNo(), quote, reserved, until, HoldRow.State.HELD, now);
    }

    /** The hold, ended in this way by this unit; refuses when it has ended before. */
    HoldRow end(StoreUnit unit, HoldAct act, HoldRow.State how, long now) throws SQLException {
        int ended = Sql.update(
                unit.connection(),
                "UPDATE " + ShardedTables.HOLD
                        + " SET state = ?, ended_at = ? WHERE hold_no = ? AND user_id = ? AND state = 1 AND hold_until > ?",
                how.code(),
                now,
                act.id().text(),
                act.userId(),
                now);
        HoldRow hold =
                find(unit, act.id()).filter(row -> row.userId() == act.userId()).orElseThrow(() -> notFound(act.id()));
        if (ended == 0) {
            throw over(hold, now);
        }
        return hold;
    }

    /** Lets the coupons of a hold go that {@link #end} has ended. */
    void free(StoreUnit unit, HoldRow hold, long now) throws SQLException {
        for (CouponQuote coupon : hold.quote().coupons()) {
            CouponId id = coupon.id();
            if (!let(unit, id, hold, now)) {
                throw Redeemable.notHeld(id, ShardedCouponStore.find(unit, id), hold, now);
            }
        }
        released(
                unit, hold, hold.quote().coupons().stream().map(CouponQuote::id).toList(), now);
    }

    // A hold whose coupon somebody else took when its time was over has no release in the ledger: the next act tells.
    private static void released(StoreUnit unit, HoldRow hold, List<CouponId> coupons, long now) throws SQLException {
        if (!coupons.isEmpty()) {
            ShardedActs acts = new ShardedActs(unit, hold.userId(), coupons, now);
            coupons.forEach(coupon -> acts.add(Act.RELEASE, coupon, hold.id().text()));
            acts.write();
        }
    }

    /**
     * Writes down that a hold is over whose time has passed; a coupon that somebody else has by now is left to him. The hold that it was,
     * empty when somebody has ended it before.
     */
    Optional<HoldRow> tidy(StoreUnit unit, HoldId id, long now) throws SQLException {
        int ended = Sql.update(
                unit.connection(),
                "UPDATE " + ShardedTables.HOLD
                        + " SET state = ?, ended_at = ? WHERE hold_no = ? AND state = 1 AND hold_until <= ?",
                HoldRow.State.EXPIRED.code(),
                now,
                id.text(),
                now);
        if (ended == 0) {
            return Optional.empty();
        }
        HoldRow hold = find(unit, id).orElseThrow();
        List<CouponId> free = new ArrayList<>();
        for (CouponQuote coupon : hold.quote().coupons()) {
            if (let(unit, coupon.id(), hold, now)) {
                free.add(coupon.id());
            }
        }
        released(unit, hold, free, now);
        return Optional.of(hold);
    }

    private static boolean let(StoreUnit unit, CouponId id, HoldRow hold, long now) throws SQLException {
        int let = Sql.update(
                unit.connection(),
                "UPDATE " + unit.table(Tables.COUPON)
                        + " SET hold_no = NULL, hold_until = NULL, version = version + 1, updated_at = ?"
                        + " WHERE coupon_id = ? AND user_id = ? AND status = 1 AND hold_no = ?",
                now,
                id.number(),
                hold.userId(),
                hold.id().text());
        if (let == 1) {
            unit.touched(Tables.COUPON, Long.toString(id.number()));
        }
        return let == 1;
    }

    /** Few enough for a short transaction; who confirms or releases one of them is told that there is none. */
    static int forget(StoreUnit unit, long before) throws SQLException {
        return Sql.update(
                unit.connection(),
                "DELETE FROM " + ShardedTables.HOLD + " WHERE state <> ? AND hold_until <= ? LIMIT 200",
                HoldRow.State.HELD.code(),
                before);
    }

    private static Refusal over(HoldRow hold, long now) {
        return switch (hold.stateAt(now)) {
            case CONFIRMED ->
                new Refusal(
                        Reason.COUPON_ALREADY_USED,
                        "id",
                        "Hold " + hold.id() + " was confirmed: its coupons are used.");
            case EXPIRED ->
                new Refusal(
                        Reason.HOLD_EXPIRED,
                        "id",
                        "Hold " + hold.id() + " is over: hold the coupons again, if they are still free.");
            case RELEASED ->
                new Refusal(
                        Reason.HOLD_NOT_OWNER,
                        "id",
                        "Hold " + hold.id() + " was released and has its coupons no more.");
            case HELD ->
                new Refusal(Reason.HOLD_NOT_OWNER, "id", "Hold " + hold.id() + " was being ended by somebody else.");
        };
    }

    static Refusal notFound(HoldId id) {
        return new Refusal(Reason.HOLD_NOT_FOUND, "id", "There is no hold " + id + ".");
    }

    Optional<HoldRow> find(StoreView view, HoldId id) throws SQLException {
        return Sql.first(
                view.connection(),
                row -> {
                    HoldText.Agreed agreed = HoldText.read(row.getString("agreed"));
                    return new HoldRow(
                            id,
                            row.getLong("user_id"),
                            row.getString("order_no"),
                            agreed.quote(),
                            agreed.reserved(),
                            row.getLong("hold_until"),
                            HoldRow.State.ofCode(row.getInt("state")),
                            row.getLong("created_at"));
                },
                "SELECT user_id, order_no, agreed, hold_until, state, created_at FROM " + ShardedTables.HOLD
                        + " WHERE hold_no = ?",
                id.text());
    }
}
