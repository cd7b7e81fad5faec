package dev.cutover.coupon.budget;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.idempotency.Operations;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.pricing.CouponQuote;
import dev.cutover.coupon.pricing.Quote;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.stock.StockShortException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.Priced;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.transfer.StockDatabases;
import dev.cutover.coupon.transfer.StockTransfers;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Does what takes money out of budgets, wherever the money lies.
 *
 * <p>A use takes from the slices of its user's database. When they hold too little, money is brought from the others as coupons are, and the
 * use is asked again; only when all of them together have too little is it refused. Safe for many threads.
 */
public final class Budgets {
    private final CouponDatabases databases;
    private final Operations operations;
    private final StockTransfers transfers;
    private final StockDatabases shards;
    private final SlotUsers users;

    public Budgets(
            CouponDatabases databases,
            Operations operations,
            StockTransfers transfers,
            StockDatabases shards,
            SlotUsers users) {
        this.databases = databases;
        this.operations = operations;
        this.transfers = transfers;
        this.shards = shards;
        this.users = users;
    }

    /** The answer of this operation, now or from before; refuses with {@code budget_exhausted} what no database has. */
    public Answer perform(Operation operation, Deadline deadline, Operations.Effect effect) {
        @Nullable StockShortException nowhere = null;
        while (true) {
            try {
                return operations.perform(operation, deadline, refusing(effect, nowhere));
            } catch (StockShortException e) {
                if (deadline.passed()) {
                    throw e;
                }
                // Asked again whatever comes out: its twin may have taken the money, and then there is an answer.
                StockTransfers.Outcome outcome = transfers.replenish(
                        databases.epoch(),
                        e.stock(),
                        users.databaseOf(users.slotOf(operation.userId())),
                        e.quantity(),
                        deadline);
                nowhere = outcome == StockTransfers.Outcome.SOLD_OUT ? e : null;
            }
        }
    }

    /** The same, which calls refused what {@code nowhere} says is nowhere. */
    private static Operations.Effect refusing(Operations.Effect effect, @Nullable StockShortException nowhere) {
        return nowhere == null
                ? effect
                : (store, unit, now) -> {
                    try {
                        return effect.run(store, unit, now);
                    } catch (StockShortException e) {
                        if (e.stock().equals(nowhere.stock()) && e.quantity() >= nowhere.quantity()) {
                            throw exhausted(e.stock().template(), e.quantity());
                        }
                        throw e;
                    }
                };
    }

    private static Refusal exhausted(TemplateId template, long amountMinor) {
        return new Refusal(
                Reason.BUDGET_EXHAUSTED,
                "coupon_ids",
                "The budget of template " + template + " has less than the " + amountMinor
                        + " left that its coupons would take off.");
    }

    /** What was priced, with coupons refused whose budget has less left than they take off: true of a moment ago, and nothing is kept. */
    public Quote judged(Priced priced) {
        Set<TemplateId> exhausted = new HashSet<>();
        for (Map.Entry<TemplateId, Long> share : priced.shares().byTemplate().entrySet()) {
            if (left(share.getKey()) < share.getValue()) {
                exhausted.add(share.getKey());
            }
        }
        if (exhausted.isEmpty()) {
            return priced.quote();
        }
        List<CouponQuote> coupons = priced.quote().coupons().stream()
                .map(coupon -> {
                    TemplateId template = priced.budgets().get(coupon.id());
                    return template == null || !exhausted.contains(template)
                            ? coupon
                            : CouponQuote.refused(
                                    coupon.id(),
                                    exhausted(
                                            template,
                                            Objects.requireNonNull(
                                                    priced.shares().byTemplate().get(template))));
                })
                .toList();
        return new Quote(priced.quote().cart(), coupons);
    }

    private long left(TemplateId template) {
        long left = 0;
        for (int database = 0; database < shards.count(); database++) {
            left += shards.level(database, StockId.budget(template)).inSlices();
        }
        return left;
    }
}
