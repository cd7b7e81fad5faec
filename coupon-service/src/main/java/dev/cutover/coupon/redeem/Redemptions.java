package dev.cutover.coupon.redeem;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.Shapes;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.RedeemOrder;
import dev.cutover.coupon.store.RedemptionRow;
import dev.cutover.coupon.store.RefundOrder;
import dev.cutover.coupon.store.SlotUsers;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** Spends coupons on an order and takes a use back, each once for each key. Safe for many threads. */
public final class Redemptions {
    /** How many coupons one order may use: as many as an operation's recorded answer has room for. */
    public static final int MOST_COUPONS = 10;

    private final CouponDatabases databases;
    private final Operations operations;
    private final SlotUsers users;
    private final Duration budget;

    public Redemptions(CouponDatabases databases, Operations operations, SlotUsers users, Duration budget) {
        this.databases = databases;
        this.operations = operations;
        this.users = users;
        this.budget = budget;
    }

    public Answer redeem(long userId, String orderNo, List<CouponId> coupons, OptionalLong orderMinor, String key) {
        Operation operation = Operation.of(
                userId,
                "redeem",
                key,
                orderNo,
                coupons.stream().map(CouponId::toString).sorted().collect(Collectors.joining(",")),
                orderMinor.toString());
        RedeemOrder order = new RedeemOrder(operation, orderNo, coupons, orderMinor);
        return operations.perform(
                operation,
                Deadline.after(budget),
                (store, unit, now) -> store.redeem(
                        unit,
                        order,
                        now,
                        redemptions ->
                                Shapes.redemptions(userId, orderNo, redemptions).toString()));
    }

    /**
     * Takes a use of a coupon back.
     *
     * @param owner whose use it is, when the caller knows; the id tells the slot but not the user, so else it is looked up
     */
    public Answer refund(RedemptionId id, OptionalLong owner, String refundNo, String key) {
        Deadline deadline = Deadline.after(budget);
        long userId = owner.isPresent() ? owner.getAsLong() : ownerOf(id, deadline);
        Operation operation = Operation.of(userId, "refund", key, id.toString(), refundNo);
        RefundOrder order = new RefundOrder(operation, id, refundNo);
        return operations.perform(
                operation,
                deadline,
                (store, unit, now) -> store.refund(
                        unit, order, now, refunded -> Shapes.refund(refunded).toString()));
    }

    /** From the truth: a redemption of a moment ago must be found, wherever reads go at the moment. */
    private long ownerOf(RedemptionId id, Deadline deadline) {
        Optional<RedemptionRow> found = users.knows(id.slot())
                ? databases.readFresh(
                        users.ofSlot(id.slot()), deadline.remaining(), (store, view) -> store.redemption(view, id))
                : Optional.empty();
        return found.filter(redemption -> users.slotOf(redemption.userId()) == id.slot())
                .orElseThrow(() -> new Refusal(Reason.REDEMPTION_NOT_FOUND, "id", "There is no redemption " + id + "."))
                .userId();
    }
}
