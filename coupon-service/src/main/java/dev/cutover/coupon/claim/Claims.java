package dev.cutover.coupon.claim;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.lock.ClaimLock;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.operation.Recorded;
import dev.cutover.coupon.shape.Shapes;
import dev.cutover.coupon.stock.StockShortException;
import dev.cutover.coupon.store.ClaimOrder;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.transfer.StockTransfers;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The unified claim: any number of coupons of one template for one user, all or none, once for each key.
 *
 * <p>Safe for many threads.
 */
public final class Claims {
    /** How many coupons one request may ask for. */
    public static final int MOST_COUPONS = 20;

    private static final String VERB = "claim";

    private final CouponDatabases databases;
    private final Operations operations;
    private final StockTransfers transfers;
    private final ClaimLock lock;
    private final SlotUsers users;
    private final CouponSerials serials;
    private final Duration budget;

    public Claims(
            CouponDatabases databases,
            Operations operations,
            StockTransfers transfers,
            ClaimLock lock,
            SlotUsers users,
            CouponSerials serials,
            Duration budget) {
        this.databases = databases;
        this.operations = operations;
        this.transfers = transfers;
        this.lock = lock;
        this.users = users;
        this.serials = serials;
        this.budget = budget;
    }

    public Answer claim(long userId, TemplateId template, int quantity, String key) {
        Operation operation =
                Operation.of(userId, VERB, key, Long.toString(template.number()), Integer.toString(quantity));
        ClaimOrder order = new ClaimOrder(
                operation,
                template,
                Stream.generate(serials::next).limit(quantity).toList());
        Deadline deadline = Deadline.after(budget);
        try (ClaimLock.Hold hold = lock.hold(userId, template)) {
            return claim(order, key, deadline);
        }
    }

    private Answer claim(ClaimOrder order, String key, Deadline deadline) {
        while (true) {
            try {
                return operations.perform(
                        order.operation(),
                        deadline,
                        (store, unit, now) -> store.claim(
                                unit,
                                order,
                                now,
                                claimed -> Shapes.claim(claimed, key).toString()));
            } catch (StockShortException e) {
                if (deadline.passed()) {
                    throw e;
                }
                // Whatever comes out, the claim is asked again: its twin may have had the last coupon, a switch may
                // have come.
                transfers.replenish(
                        databases.epoch(),
                        e.template(),
                        users.databaseOf(users.slotOf(order.userId())),
                        e.quantity(),
                        deadline);
            }
        }
    }

    /** What a claim under this key answered, from the truth: how a caller whose connection broke learns what became of it. */
    public Optional<String> find(long userId, String key) {
        return operations.find(userId, VERB + ":" + key, Deadline.after(budget)).map(Recorded::result);
    }
}
