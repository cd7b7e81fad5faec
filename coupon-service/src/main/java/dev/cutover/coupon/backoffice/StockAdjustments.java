package dev.cutover.coupon.backoffice;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.backoffice.Adjustment.State;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.stock.SlicePlan;
import dev.cutover.coupon.stock.SoldOut;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.UnknownOutcomeException;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.transfer.StockDatabases;
import dev.cutover.coupon.transfer.StockTransfers;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds to a stock of a template, coupons or budget, or takes some of what is left, while it is taken from.
 *
 * <p>Idea: an intent in the journal, then each database's part, each part a row whose lock and contents let it happen once, then the end
 * in the journal; whoever finds an unfinished adjustment goes through the same steps in the same order. Invariant: at no instant is what
 * can be had plus what was issued more than the total, and at rest it is exactly the total. So the total grows before the slices do, and
 * shrinks after them. What is held or spent of a budget counts as issued.
 *
 * <p>What is taken is taken from one database after the other, in rounds, until it is enough. Too little is believed only of a round in
 * which every database was asked by this call and no stock travelled between two of them; then what was taken is given back, and a
 * database that has given back gives nothing any more, so a slow colleague cannot take behind the refusal. While an adjustment is under
 * way nobody is told that a template is sold out.
 *
 * <p>Safe for many threads.
 */
public final class StockAdjustments {
    private static final Logger LOG = LoggerFactory.getLogger(StockAdjustments.class);
    // Longer than a living process takes; to work beside a living one is harmless.
    private static final Duration ABANDONED = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofMillis(5);

    private final CouponDatabases databases;
    private final StockDatabases shards;
    private final StockTransfers transfers;
    private final BackOfficeGate gate;
    private final AdjustmentJournal journal;
    private final AdjustmentLegs legs;
    private final SoldOut soldOut;
    private final TemplateCatalog catalog;
    private final Duration budget;
    private final Failpoints failpoints;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition time = lock.newCondition();

    StockAdjustments(
            CouponDatabases databases,
            StockDatabases shards,
            StockTransfers transfers,
            BackOfficeGate gate,
            SlicePlan slices,
            SoldOut soldOut,
            TemplateCatalog catalog,
            InstantSource clock,
            Duration budget,
            Failpoints failpoints) {
        this.databases = databases;
        this.shards = shards;
        this.transfers = transfers;
        this.gate = gate;
        this.journal = new AdjustmentJournal(shards, clock);
        this.legs = new AdjustmentLegs(shards, slices);
        this.soldOut = soldOut;
        this.catalog = catalog;
        this.budget = budget;
        this.failpoints = failpoints;
    }

    /** Changes the number of coupons, as below. */
    public Answer adjust(TemplateId template, String number, long delta, Operator operator) {
        return adjust(StockId.coupons(template), number, delta, operator);
    }

    /** Changes a stock by {@code delta}, once for each number; refuses when less is left than is to be taken. */
    public Answer adjust(StockId stock, String number, long delta, Operator operator) {
        gate.requireNew("To adjust stock or a budget");
        Epoch epoch = databases.epoch();
        Deadline deadline = Deadline.after(budget);
        while (true) {
            Adjustment found = journal.begin(epoch, stock, number, delta, operator);
            boolean mine = found.number().equals(number);
            if (mine && found.delta() != delta) {
                throw new Refusal(
                        Reason.IDEMPOTENCY_KEY_REUSED,
                        "adjustment_no",
                        "The adjustment '" + number + "' is one of " + found.delta() + ".");
            }
            if (mine && found.state() == State.DONE) {
                return new Answer(shape(found).toString(), true);
            }
            failpoints.hit(Failpoint.ADJUST_BEGUN);
            Adjustment ended = finish(epoch, found, deadline);
            if (mine) {
                if (ended.state() == State.REFUSED) {
                    throw AdjustmentJournal.tooLittleLeft(stock, delta);
                }
                return new Answer(shape(ended).toString(), false);
            }
        }
    }

    private static ObjectNode shape(Adjustment adjustment) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        boolean coupons = adjustment.stock().kind() == StockId.Kind.COUPONS;
        node.put("object", adjustment.stock().table("adjustment"));
        node.put("template_id", adjustment.template().toString());
        node.put("adjustment_no", adjustment.number());
        node.put(coupons ? "delta" : "delta_minor", adjustment.delta());
        node.put(coupons ? "total_quantity" : "budget_minor", adjustment.totalAfter());
        return node;
    }

    /** Goes through all steps that are left; the adjustment is DONE or REFUSED then. */
    private Adjustment finish(Epoch epoch, Adjustment adjustment, Deadline deadline) {
        Adjustment ended = adjustment.grows() ? grow(epoch, adjustment, deadline) : shrink(epoch, adjustment, deadline);
        soldOut.forget(adjustment.template());
        catalog.changed(adjustment.template());
        return ended;
    }

    private Adjustment grow(Epoch epoch, Adjustment adjustment, Deadline deadline) {
        for (int database = 0; database < shards.count(); database++) {
            legs.add(epoch, adjustment, database, deadline.remaining());
            failpoints.hit(Failpoint.ADJUST_MOVED);
        }
        return journal.done(epoch, adjustment);
    }

    private Adjustment shrink(Epoch epoch, Adjustment adjustment, Deadline deadline) {
        if (adjustment.state() == State.UNDER_WAY) {
            Adjustment decided = take(epoch, adjustment, deadline)
                    ? journal.done(epoch, adjustment)
                    : journal.giveBack(epoch, adjustment);
            if (decided.state() != State.GIVING_BACK) {
                return decided;
            }
        }
        failpoints.hit(Failpoint.ADJUST_REFUSED);
        for (int database = 0; database < shards.count(); database++) {
            legs.giveBack(epoch, adjustment, database, deadline.remaining());
            failpoints.hit(Failpoint.ADJUST_MOVED);
        }
        return journal.refused(epoch, adjustment);
    }

    /** Whether all of it could be taken. */
    private boolean take(Epoch epoch, Adjustment adjustment, Deadline deadline) {
        long[] taken = new long[shards.count()];
        for (int round = 1; ; round++) {
            StockTransfers.Mark before = transfers.mark(epoch, adjustment.stock());
            boolean askedAll = true;
            for (int database = 0; database < taken.length; database++) {
                long missing = Math.max(0, adjustment.pieces() - sum(taken));
                AdjustmentLegs.Leg leg = legs.take(epoch, adjustment, database, round, missing, deadline.remaining());
                failpoints.hit(Failpoint.ADJUST_MOVED);
                if (leg.closed()) {
                    return false;
                }
                taken[database] = leg.quantity();
                askedAll &= leg.asked();
            }
            if (sum(taken) == adjustment.pieces()) {
                return true;
            }
            if (askedAll && !before.travelling() && before.equals(transfers.mark(epoch, adjustment.stock()))) {
                return false;
            }
            if (deadline.passed()) {
                throw new UnknownOutcomeException(
                        new TimeoutException("the adjustment '" + adjustment.number() + "' is still under way"));
            }
            transfers.finishAbandoned(epoch);
            await();
        }
    }

    private static long sum(long[] parts) {
        long sum = 0;
        for (long part : parts) {
            sum += part;
        }
        return sum;
    }

    private void await() {
        lock.lock();
        try {
            time.awaitNanos(TimeUnit.MILLISECONDS.toNanos(PAUSE.toMillis()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnknownOutcomeException(e);
        } finally {
            lock.unlock();
        }
    }

    /** Finishes, in this epoch, what processes that are gone left half done; returns how many. */
    int finishAbandoned(Epoch epoch) {
        int finished = 0;
        for (Adjustment adjustment : journal.unfinished(epoch, ABANDONED)) {
            Adjustment ended = finish(epoch, adjustment, Deadline.after(budget));
            finished++;
            LOG.info(
                    "Finished the adjustment '{}' by {} {}, which was left half done: {}",
                    ended.number(),
                    ended.delta(),
                    ended.stock(),
                    ended.state());
        }
        return finished;
    }
}
