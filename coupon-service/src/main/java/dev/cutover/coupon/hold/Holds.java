package dev.cutover.coupon.hold;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.budget.Budgets;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.CouponQuote;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.UseShapes;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.HoldAct;
import dev.cutover.coupon.store.HoldOrder;
import dev.cutover.coupon.store.HoldRow;
import dev.cutover.coupon.store.SlotUsers;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * Keeps a user's coupons for one order, each request once for each key.
 *
 * <p>Time is the clock of the instance that is asked, like everywhere in this service; {@code ShardedHolds} says what skew between
 * instances does. Safe for many threads if its source of random numbers is.
 */
public final class Holds {
    public static final Duration USUAL_TTL = Duration.ofMinutes(15);
    public static final Duration LONGEST_TTL = Duration.ofDays(7);

    private final CouponDatabases databases;
    private final Operations operations;
    private final Budgets budgets;
    private final SlotUsers users;
    private final InstantSource clock;
    private final RandomGenerator random;
    private final Duration budget;

    public Holds(
            CouponDatabases databases,
            Operations operations,
            Budgets budgets,
            SlotUsers users,
            InstantSource clock,
            RandomGenerator random,
            Duration budget) {
        this.databases = databases;
        this.operations = operations;
        this.budgets = budgets;
        this.users = users;
        this.clock = clock;
        this.random = random;
        this.budget = budget;
    }

    /** Keeps all of these coupons, or none, at the amounts that they take off now. */
    public Answer hold(long userId, String orderNo, List<CouponId> coupons, Cart cart, Duration ttl, String key) {
        Operation operation = Operation.of(
                userId,
                "hold",
                key,
                orderNo,
                coupons.stream().map(CouponId::toString).sorted().collect(Collectors.joining(",")),
                cart.canonical(),
                Long.toString(ttl.toSeconds()));
        HoldOrder order =
                new HoldOrder(operation, HoldId.random(users.slotOf(userId), random), orderNo, coupons, cart, ttl);
        return budgets.perform(
                operation,
                Deadline.after(budget),
                (store, unit, now) -> store.uses()
                        .hold(
                                unit,
                                order,
                                now,
                                held -> UseShapes.hold(held, now).toString()));
    }

    /** Uses what is held. */
    public Answer confirm(HoldId id, OptionalLong owner, String key) {
        Deadline deadline = Deadline.after(budget);
        HoldAct act = act(id, "confirm", owner, key, deadline);
        return operations.perform(
                act.operation(),
                deadline,
                (store, unit, now) -> store.uses()
                        .confirm(
                                unit, act, now, used -> UseShapes.redeemed(used).toString()));
    }

    /** Lets what is held go. */
    public Answer release(HoldId id, OptionalLong owner, String key) {
        Deadline deadline = Deadline.after(budget);
        HoldAct act = act(id, "release", owner, key, deadline);
        return operations.perform(
                act.operation(),
                deadline,
                (store, unit, now) -> store.uses()
                        .release(
                                unit, act, now, hold -> UseShapes.released(hold).toString()));
    }

    private HoldAct act(HoldId id, String verb, OptionalLong owner, String key, Deadline deadline) {
        long userId = owner.isPresent() ? owner.getAsLong() : find(id, deadline).userId();
        return new HoldAct(Operation.of(userId, verb, key, id.toString()), id);
    }

    /** The hold as it stands. */
    public ObjectNode get(HoldId id) {
        return UseShapes.hold(find(id, Deadline.after(budget)), clock.millis());
    }

    /** One of the coupons that are held; empty when there is no such hold. */
    public Optional<CouponId> couponOf(HoldId id) {
        return look(id, Deadline.after(budget))
                .flatMap(hold -> hold.quote().coupons().stream().findFirst())
                .map(CouponQuote::id);
    }

    // From the truth: a hold of a moment ago must be found, wherever reads go at the moment.
    private Optional<HoldRow> look(HoldId id, Deadline deadline) {
        if (!users.knows(id.slot())) {
            return Optional.empty();
        }
        return databases
                .readFresh(
                        users.ofSlot(id.slot()),
                        deadline.remaining(),
                        (store, view) -> store.uses().findHold(view, id))
                .filter(hold -> users.slotOf(hold.userId()) == id.slot());
    }

    private HoldRow find(HoldId id, Deadline deadline) {
        return look(id, deadline).orElseThrow(() -> notFound(id));
    }

    private static Refusal notFound(HoldId id) {
        return new Refusal(Reason.HOLD_NOT_FOUND, "id", "There is no hold " + id + ".");
    }
}
