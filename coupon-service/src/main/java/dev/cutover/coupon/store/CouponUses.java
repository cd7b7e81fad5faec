package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.pricing.Cart;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What becomes of a user's coupons on one side: priced, held, used, taken back, voided.
 *
 * <p>Each change is one conditional update of the coupon's row, which must find it: it records its operation, with the answer, in the
 * transaction of its effect, and refuses by a {@link dev.cutover.coupon.refusal.Refusal} when it finds nothing; its caller rolls back on any
 * exception. What a side cannot do is refused with a {@link MigrationFenceException} before anything is written. {@code now} is whole
 * seconds in epoch milliseconds. Safe for many threads.
 */
public interface CouponUses {
    /** What these coupons of this user would take off together; changes nothing. */
    Priced price(StoreView view, long userId, List<CouponId> coupons, Cart cart, long now) throws SQLException;

    /** What each coupon that this user has not used would take off by itself, at most {@code limit} of them. */
    List<Offer> offers(StoreView view, long userId, Cart cart, int limit, long now) throws SQLException;

    /** The recorded answer. */
    String redeem(StoreUnit unit, RedeemOrder order, long now, Function<Redeemed, String> answer) throws SQLException;

    String hold(StoreUnit unit, HoldOrder order, long now, Function<HoldRow, String> answer) throws SQLException;

    /** Uses what is held for the amounts of the hold. */
    String confirm(StoreUnit unit, HoldAct act, long now, Function<Redeemed, String> answer) throws SQLException;

    String release(StoreUnit unit, HoldAct act, long now, Function<HoldRow, String> answer) throws SQLException;

    Optional<HoldRow> findHold(StoreView view, HoldId id) throws SQLException;

    /** Writes down that the time of a hold has passed; false when there was nothing to write. */
    boolean tidyHold(StoreUnit unit, HoldId id, long now) throws SQLException;

    /** Removes some holds of this database that have ended and whose time was over before; returns how many. */
    int forgetHolds(StoreUnit unit, long before) throws SQLException;

    String refund(StoreUnit unit, RefundOrder order, long now, Function<Refunded, String> answer) throws SQLException;

    String voidCoupon(StoreUnit unit, VoidOrder order, long now, Function<CouponRow, String> answer)
            throws SQLException;

    Optional<RedemptionRow> redemption(StoreView view, RedemptionId id) throws SQLException;

    /** Uses in ascending order of ids. */
    List<RedemptionRow> redemptions(StoreView view, long userId, Optional<RedemptionId> after, int limit)
            throws SQLException;

    /** The lines a use took something off, where this side keeps them. */
    List<RedemptionLine> lines(StoreView view, RedemptionRow redemption) throws SQLException;

    /** What was taken back of a use, in the order in which it was. */
    List<RefundRow> refunds(StoreView view, RedemptionRow redemption) throws SQLException;
}
