package dev.cutover.coupon.store;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.MySqlErrors;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.template.TemplateRow;
import dev.cutover.coupon.template.Terms;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Uses of the new side taken back, whole or part by part.
 *
 * <p>Idea: whoever refunds locks the row of the use first, by the conditional update that finds it not wholly refunded; so refunds of one use
 * come one after the other and each sees what the others have taken. Invariants: a refund number acts once on a use, by the unique key; what
 * all refunds take back is never more than the use took off; only the one that makes it whole gives the coupon back, so it comes back at
 * most once a use.
 *
 * <p>The amounts stand in a table that the mall has not. What the mall's columns say of a use that is refunded in part is a refund number
 * without the status: by that mark a rollback keeps the mall from refunding all of it once more. Safe for many threads.
 */
final class ShardedRefunds {
    /** A test asks what is refunded before it locks the use, to see itself fail. */
    static final String SUMS_UNLOCKED = "refund.sumsUnlocked";

    /** A test does not hold the coupon while its use is refunded, to see it go to the archive without being given back. */
    static final String COUPON_UNLOCKED = "refund.couponUnlocked";

    private final ShardedTables tables;
    private final ShardedRedemptions redemptions;
    private final Prices prices;
    private final Failpoints failpoints;

    ShardedRefunds(ShardedTables tables, ShardedRedemptions redemptions, Prices prices, Failpoints failpoints) {
        this.tables = tables;
        this.redemptions = redemptions;
        this.prices = prices;
        this.failpoints = failpoints;
    }

    Refunded refund(StoreUnit unit, RefundOrder order, long now) throws SQLException {
        RedemptionRow redemption =
                Redeemable.requireOwned(redemptions.find(unit, order.redemption()), order, unit.slot());
        boolean unlocked = failpoints.planted(SUMS_UNLOCKED);
        long early = unlocked ? refunded(unit, redemption) : 0;
        failpoints.hit(Failpoint.USE_READ);
        lock(unit, order);
        long before = unlocked ? early : refunded(unit, redemption);
        long left = redemption.amountMinor() - before;
        long amount = order.lines().isEmpty() ? order.amountMinor().orElse(left) : takeLines(unit, order);
        if (amount > left) {
            throw new Refusal(
                    Reason.REFUND_EXCEEDS_REDEEMED,
                    order.lines().isEmpty() ? "amount_minor" : "lines",
                    "Redemption " + redemption.id() + " took off " + redemption.amountMinor() + ", of which " + left
                            + " are left: it cannot be refunded by " + amount + ".");
        }
        boolean whole = amount == left;
        CouponId coupon = redemption.couponId();
        ShardedActs acts = acts(unit, order, coupon, now);
        if (!acts.knows(coupon)) {
            Archive.bringBack(unit, coupon, failpoints);
            acts = acts(unit, order, coupon, now);
        }
        failpoints.hit(Failpoint.REFUND_KNOWN);
        acts.refunded(whole ? Act.REFUND : Act.REFUND_PART, coupon, order.refundNo(), amount);
        insert(unit, order, amount, whole, now);
        boolean restored = whole && makeWhole(unit, redemption, now);
        unit.touched(Tables.REDEMPTION, Long.toString(redemption.id().number()));
        Optional<CouponRow> row = ShardedCouponStore.find(unit, coupon);
        CouponStatus status = row.map(found -> found.statusAt(now)).orElse(CouponStatus.VOIDED);
        if (restored) {
            acts.add(Act.RESTORE, coupon, order.refundNo());
            if (status == CouponStatus.EXPIRED) {
                acts.add(Act.EXPIRE, coupon, order.refundNo());
            }
        }
        acts.write();
        failpoints.hit(Failpoint.USE_WRITTEN);
        return new Refunded(
                order,
                redemption,
                now,
                amount,
                before + amount,
                restored,
                status,
                row.map(CouponRow::templateId).orElse(null));
    }

    private static void lock(StoreUnit unit, RefundOrder order) throws SQLException {
        int found = Sql.update(
                unit.connection(),
                "UPDATE " + unit.table(Tables.REDEMPTION) + " SET refund_no = ?"
                        + " WHERE redemption_id = ? AND user_id = ? AND COALESCE(refund_status, 0) = 0",
                order.refundNo(),
                order.redemption().number(),
                order.userId());
        if (found == 0) {
            throw Redeemable.alreadyRefunded(order);
        }
    }

    private ShardedActs acts(StoreUnit unit, RefundOrder order, CouponId coupon, long now) throws SQLException {
        String locking = failpoints.planted(COUPON_UNLOCKED) ? "" : " FOR UPDATE";
        return new ShardedActs(unit, order.userId(), List.of(coupon), now, locking);
    }

    private long refunded(StoreUnit unit, RedemptionRow redemption) throws SQLException {
        return Sql.first(
                        unit.connection(),
                        row -> row.getLong(1),
                        "SELECT COALESCE(SUM(amount_minor), 0) FROM " + tables.refunds(unit)
                                + " WHERE redemption_id = ?",
                        redemption.id().number())
                .orElseThrow();
    }

    /** What came off these lines, each of which is taken back once. */
    private long takeLines(StoreUnit unit, RefundOrder order) throws SQLException {
        String lines = " WHERE redemption_id = ? AND line_no IN ("
                + String.join(", ", Collections.nCopies(order.lines().size(), "?")) + ")";
        List<Object> keys = new ArrayList<>();
        keys.add(order.redemption().number());
        keys.addAll(order.lines());
        List<Object> values = new ArrayList<>();
        values.add(order.refundNo());
        values.addAll(keys);
        int taken = Sql.update(
                unit.connection(),
                "UPDATE " + tables.lines(unit) + " SET refund_no = ?" + lines + " AND refund_no IS NULL",
                values.toArray());
        if (taken < order.lines().size()) {
            throw new Refusal(
                    Reason.REFUND_EXCEEDS_REDEEMED,
                    "lines",
                    "Redemption " + order.redemption() + " took nothing off some of the lines " + order.lines()
                            + ", or they are refunded.");
        }
        return Sql.first(
                        unit.connection(),
                        row -> row.getLong(1),
                        "SELECT COALESCE(SUM(discount_minor), 0) FROM " + tables.lines(unit) + lines,
                        keys.toArray())
                .orElseThrow();
    }

    private void insert(StoreUnit unit, RefundOrder order, long amount, boolean whole, long now) throws SQLException {
        try {
            Sql.update(
                    unit.connection(),
                    "INSERT INTO " + tables.refunds(unit)
                            + " (redemption_id, refund_no, user_id, amount_minor, whole, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                    order.redemption().number(),
                    order.refundNo(),
                    order.userId(),
                    amount,
                    whole ? 1 : 0,
                    now);
        } catch (SQLException e) {
            if (MySqlErrors.duplicate(e)) {
                throw new Refusal(
                        Reason.ALREADY_REFUNDED,
                        "refund_no",
                        "Refund '" + order.refundNo() + "' of redemption " + order.redemption()
                                + " was made under another idempotency key.");
            }
            throw e;
        }
    }

    private boolean makeWhole(StoreUnit unit, RedemptionRow redemption, long now) throws SQLException {
        Sql.update(
                unit.connection(),
                "UPDATE " + unit.table(Tables.REDEMPTION) + " SET refund_status = 1 WHERE redemption_id = ?",
                redemption.id().number());
        CouponRow coupon = ShardedCouponStore.find(unit, redemption.couponId()).orElse(null);
        return coupon != null && restore(unit, redemption, prices.terms(coupon.templateId()), now);
    }

    /** Gives the coupon of this use back, if it is still used by it and the policy of its template says so. */
    private static boolean restore(StoreUnit unit, RedemptionRow redemption, Terms terms, long now)
            throws SQLException {
        // MySQL assigns from left to right: what follows sees the new end.
        OptionalLong least;
        String end;
        switch (terms.refundPolicy()) {
            case RESTORE_IF_VALID -> {
                least = OptionalLong.empty();
                end = "";
            }
            case RESTORE -> {
                least = OptionalLong.of(now);
                end = "valid_to = GREATEST(valid_to, ? + valid_to - COALESCE(used_at, valid_to)), ";
            }
            case EXTEND -> {
                Long days = terms.extendDays();
                least = OptionalLong.of(
                        now + java.time.Duration.ofDays(days == null ? 0 : days).toMillis());
                end = "valid_to = GREATEST(valid_to, ?), ";
            }
            case NEVER -> {
                return false;
            }
            default -> throw new IllegalStateException("Nobody said what " + terms.refundPolicy() + " does.");
        }
        List<Object> values = new ArrayList<>();
        least.ifPresent(values::add);
        values.addAll(List.of(now, now, redemption.couponId().number(), redemption.userId()));
        values.add(String.valueOf(redemption.orderNo()));
        int restored = Sql.update(
                unit.connection(),
                "UPDATE " + unit.table(Tables.COUPON) + " SET " + end
                        + "status = IF(valid_to > ?, 1, 4), used_at = NULL, legacy_order_id = NULL, order_no = NULL,"
                        + " use_round = use_round + 1, version = version + 1, updated_at = ?"
                        + " WHERE coupon_id = ? AND user_id = ? AND status = 3 AND "
                        + (redemption.orderNo() == null ? "order_no IS NULL AND ? IS NOT NULL" : "order_no = ?"),
                values.toArray());
        if (restored == 1) {
            unit.touched(Tables.COUPON, Long.toString(redemption.couponId().number()));
        }
        return restored == 1;
    }

    List<RefundRow> list(StoreView view, RedemptionRow redemption) throws SQLException {
        List<RefundRow> refunds = new ArrayList<>(Sql.list(
                view.connection(),
                row -> new RefundRow(row.getString(1), row.getLong(2), TemplateRow.number(row, "created_at")),
                "SELECT refund_no, amount_minor, created_at FROM " + tables.refunds(view)
                        + " WHERE redemption_id = ? ORDER BY created_at, refund_no",
                redemption.id().number()));
        long rest = redemption.amountMinor()
                - refunds.stream().mapToLong(RefundRow::amountMinor).sum();
        boolean known =
                refunds.stream().anyMatch(row -> java.util.Objects.equals(row.refundNo(), redemption.refundNo()));
        if (redemption.refunded() && !known) {
            // It was refunded while the mall held the truth.
            refunds.add(new RefundRow(redemption.refundNo(), rest, null));
        }
        return refunds;
    }

    List<RedemptionLine> lines(StoreView view, RedemptionRow redemption) throws SQLException {
        return Sql.list(
                view.connection(),
                row -> new RedemptionLine(
                        row.getInt("line_no"),
                        new Product(
                                row.getString("product_id"), row.getString("goods_sn"), row.getString("category_id")),
                        row.getInt("quantity"),
                        row.getLong("amount_minor"),
                        row.getLong("discount_minor"),
                        row.getString("refund_no")),
                "SELECT line_no, product_id, goods_sn, category_id, quantity, amount_minor, discount_minor, refund_no FROM "
                        + tables.lines(view) + " WHERE redemption_id = ? ORDER BY line_no",
                redemption.id().number());
    }
}
