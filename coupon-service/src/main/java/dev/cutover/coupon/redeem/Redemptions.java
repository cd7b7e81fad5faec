package dev.cutover.coupon.redeem;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.budget.Budgets;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.Pricing;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.UseShapes;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.store.Offer;
import dev.cutover.coupon.store.Priced;
import dev.cutover.coupon.store.RedeemOrder;
import dev.cutover.coupon.store.RedemptionLine;
import dev.cutover.coupon.store.RedemptionRow;
import dev.cutover.coupon.store.RefundOrder;
import dev.cutover.coupon.store.RefundRow;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.store.VoidOrder;
import dev.cutover.coupon.token.Tenant;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Prices coupons for an order, spends them and takes a use back, each change once for each key. Safe for many threads. */
public final class Redemptions {
    /** How many coupons one order may use. */
    public static final int MOST_COUPONS = Pricing.MOST_COUPONS;

    /** How many of a user's coupons are looked at for the best ones; those that end first. */
    public static final int MOST_OFFERS = 200;

    private final CouponDatabases databases;
    private final Operations operations;
    private final Budgets budgets;
    private final SlotUsers users;
    private final InstantSource clock;
    private final Duration budget;

    /** Where the lines of a refund go without any. */
    public static final List<Integer> NO_LINES = List.of();

    public Redemptions(
            CouponDatabases databases,
            Operations operations,
            Budgets budgets,
            SlotUsers users,
            InstantSource clock,
            Duration budget) {
        this.databases = databases;
        this.operations = operations;
        this.budgets = budgets;
        this.users = users;
        this.clock = clock;
        this.budget = budget;
    }

    /** What a redemption of the same would take off; changes nothing. */
    public ObjectNode validate(long userId, List<CouponId> coupons, Cart cart) {
        long now = now();
        Priced priced = databases.readFresh(
                userId, budget, (store, view) -> store.uses().price(view, userId, coupons, cart, now));
        return UseShapes.quote(userId, budgets.judged(priced));
    }

    /** The user's coupons for a cart, each by itself: what takes off most comes first, then what cannot be used, with the reason. */
    public ObjectNode offers(long userId, Cart cart) {
        return offers(userId, cart, Tenant.ALL);
    }

    /** The same of those templates that the caller may know of. */
    public ObjectNode offers(long userId, Cart cart, Predicate<TemplateId> visible) {
        long now = now();
        List<Offer> offers =
                databases.read(userId, (store, view) -> store.uses().offers(view, userId, cart, MOST_OFFERS + 1, now));
        boolean more = offers.size() > MOST_OFFERS;
        List<Offer> shown = offers.stream()
                .limit(MOST_OFFERS)
                .filter(offer -> visible.test(offer.coupon().templateId()))
                .toList();
        return UseShapes.offers(userId, shown, more, now);
    }

    /** What a coupon is of; empty when there is no such coupon. */
    public Optional<TemplateId> templateOf(CouponId id) {
        return coupon(id).map(CouponRow::templateId);
    }

    /** What was used; empty when there is no such use. */
    public Optional<CouponId> couponOf(RedemptionId id) {
        return read(id, Deadline.after(budget), (store, view) -> store.uses().redemption(view, id))
                .filter(redemption -> users.slotOf(redemption.userId()) == id.slot())
                .map(RedemptionRow::couponId);
    }

    private Optional<CouponRow> coupon(CouponId id) {
        Optional<CouponRow> found = users.knows(id.slot())
                ? databases.readFresh(users.ofSlot(id.slot()), budget, (store, view) -> store.coupon(view, id))
                : Optional.empty();
        return found.filter(coupon -> users.slotOf(coupon.userId()) == id.slot());
    }

    private long now() {
        return clock.instant().truncatedTo(ChronoUnit.SECONDS).toEpochMilli();
    }

    /** A use of coupons on an order. */
    public Answer redeem(long userId, String orderNo, List<CouponId> coupons, Cart cart, String key) {
        Operation operation = Operation.of(
                userId,
                "redeem",
                key,
                orderNo,
                coupons.stream().map(CouponId::toString).sorted().collect(Collectors.joining(",")),
                cart.canonical());
        RedeemOrder order = new RedeemOrder(operation, orderNo, coupons, cart);
        return budgets.perform(
                operation,
                Deadline.after(budget),
                (store, unit, now) -> store.uses()
                        .redeem(
                                unit,
                                order,
                                now,
                                redeemed -> UseShapes.redeemed(redeemed).toString()));
    }

    /** Takes all of a use back that is left. */
    public Answer refund(RedemptionId id, OptionalLong owner, String refundNo, String key) {
        return refund(id, owner, refundNo, OptionalLong.empty(), NO_LINES, key);
    }

    /**
     * Takes a use of a coupon back, whole or in part.
     *
     * @param owner whose use it is, when the caller knows; the id tells the slot but not the user, so else it is looked up
     * @param amountMinor how much; empty for what the lines say, or without lines for all that is left
     */
    public Answer refund(
            RedemptionId id,
            OptionalLong owner,
            String refundNo,
            OptionalLong amountMinor,
            List<Integer> lines,
            String key) {
        Deadline deadline = Deadline.after(budget);
        long userId = owner.isPresent() ? owner.getAsLong() : find(id, deadline).userId();
        Operation operation = amountMinor.isEmpty() && lines.isEmpty()
                ? Operation.of(userId, "refund", key, id.toString(), refundNo)
                : Operation.of(
                        userId, "refund", key, id.toString(), refundNo, amountMinor.toString(), lines.toString());
        RefundOrder order = new RefundOrder(operation, id, refundNo, amountMinor, lines);
        return operations.perform(
                operation,
                deadline,
                (store, unit, now) -> store.uses()
                        .refund(
                                unit,
                                order,
                                now,
                                refunded -> UseShapes.refund(refunded).toString()));
    }

    /** Recalls a coupon that nobody has used and no order holds. */
    public Answer voidCoupon(CouponId id, String operator, String reason, String key) {
        Deadline deadline = Deadline.after(budget);
        long userId = coupon(id, deadline).userId();
        Operation operation = Operation.of(userId, "void", key, id.toString(), operator, reason);
        VoidOrder order = new VoidOrder(operation, id, operator, reason);
        return operations.perform(
                operation,
                deadline,
                (store, unit, now) -> store.uses()
                        .voidCoupon(
                                unit,
                                order,
                                now,
                                coupon -> UseShapes.voided(order, coupon, now).toString()));
    }

    private CouponRow coupon(CouponId id, Deadline deadline) {
        Optional<CouponRow> found = users.knows(id.slot())
                ? databases.readFresh(
                        users.ofSlot(id.slot()), deadline.remaining(), (store, view) -> store.coupon(view, id))
                : Optional.empty();
        return found.filter(coupon -> users.slotOf(coupon.userId()) == id.slot())
                .orElseThrow(() -> new Refusal(Reason.COUPON_NOT_FOUND, "id", "There is no coupon " + id + "."));
    }

    private record Use(RedemptionRow redemption, List<RedemptionLine> lines, List<RefundRow> refunds) {}

    /** A use with its lines and what was taken back of it. */
    public ObjectNode get(RedemptionId id) {
        Use use = read(id, Deadline.after(budget), (store, view) -> {
                    Optional<RedemptionRow> found = store.uses().redemption(view, id);
                    return found.isEmpty()
                            ? Optional.empty()
                            : Optional.of(new Use(
                                    found.get(),
                                    store.uses().lines(view, found.get()),
                                    store.uses().refunds(view, found.get())));
                })
                .filter(found -> users.slotOf(found.redemption().userId()) == id.slot())
                .orElseThrow(() -> notFound(id));
        return UseShapes.redemption(use.redemption(), use.lines(), use.refunds());
    }

    /** A page of a user's uses in ascending order of ids. */
    public ObjectNode page(long userId, int limit, Optional<RedemptionId> after) {
        return page(userId, limit, after, coupon -> true);
    }

    /** The same of those coupons that the caller may know of. */
    public ObjectNode page(long userId, int limit, Optional<RedemptionId> after, Predicate<CouponId> visible) {
        List<RedemptionRow> rows = new ArrayList<>();
        Optional<RedemptionId> from = after;
        while (true) {
            Optional<RedemptionId> behind = from;
            List<RedemptionRow> read = databases.readFresh(
                    userId, budget, (store, view) -> store.uses().redemptions(view, userId, behind, limit + 1));
            read.stream().filter(row -> visible.test(row.couponId())).forEach(rows::add);
            if (rows.size() > limit || read.size() <= limit) {
                break;
            }
            from = Optional.of(read.get(limit).id());
        }
        boolean more = rows.size() > limit;
        return UseShapes.redemptions(more ? rows.subList(0, limit) : rows, more);
    }

    /** Whether an id could be one of this user's uses. */
    public boolean mayHold(long userId, RedemptionId id) {
        return users.slotOf(userId) == id.slot();
    }

    // From the truth: a redemption of a moment ago must be found, wherever reads go at the moment.
    private <T> Optional<T> read(RedemptionId id, Deadline deadline, CouponDatabases.Read<Optional<T>> read) {
        return users.knows(id.slot())
                ? databases.readFresh(users.ofSlot(id.slot()), deadline.remaining(), read)
                : Optional.empty();
    }

    private RedemptionRow find(RedemptionId id, Deadline deadline) {
        return read(id, deadline, (store, view) -> store.uses().redemption(view, id))
                .filter(redemption -> users.slotOf(redemption.userId()) == id.slot())
                .orElseThrow(() -> notFound(id));
    }

    private static Refusal notFound(RedemptionId id) {
        return new Refusal(Reason.REDEMPTION_NOT_FOUND, "id", "There is no redemption " + id + ".");
    }
}
