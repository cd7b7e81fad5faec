package dev.cutover.coupon.transfer;

import dev.cutover.core.fence.Epoch;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.sql.MySqlErrors;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.stock.SliceStock;
import dev.cutover.coupon.stock.SoldOut;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.stock.StockLevel;
import dev.cutover.coupon.stock.StockLots;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings stock from a shard database that has some to one that has none, or finds out that nobody has any.
 *
 * <p>Idea: two databases share no transaction, so a transfer is an intent in the ledger, a debit leg in one database and a credit leg in
 * the other, each leg a row whose primary key lets it happen once. Whoever finds an unfinished transfer finishes it: without a debit leg
 * it writes an empty one, which keeps the real debit from ever happening; with one it writes the credit. Invariant: what all slices hold,
 * plus debits without their credits, plus coupons issued, is the template's total; a crash between the legs leaves stock in flight, never
 * lost and never twice.
 *
 * <p>A switch in between: the steps of whoever began a transfer are refused, for they belong to an epoch that is over. If the switch was
 * aborted, the stock in flight is still ours and is finished in the new epoch. If it was not, the stock went to the mall, and the next
 * hand-over removes the legs before it cuts new slices; without a debit leg the old transfer is cancelled, not credited to stock that was
 * cut without it.
 *
 * <p>A template is sold out only when a look at every database found too little <em>and</em> no transfer was in flight before, during or
 * after the look: stock between two databases is in neither. Each transfer writes its intent first, so equal ledgers before and after
 * mean that nothing moved. Without this, the last coupons would be refused to people while they travel. Lots that a counter hands out
 * are closed before that; slices and lots of a database are looked at in one statement.
 *
 * <p>A budget is a stock of minor units and moves by the same steps, in tables of its own. Money also comes back to slices by releases and
 * refunds while they are looked at one after the other, so that a budget is at its end is true of the look and not of one moment.
 *
 * <p>Safe for many threads. One stock's transfers to one database take turns inside a process.
 */
public final class StockTransfers {
    private static final Logger LOG = LoggerFactory.getLogger(StockTransfers.class);
    private static final String LEG = "transfer_leg";
    private static final int DEBIT = 1;
    private static final int CREDIT = 2;
    private static final int TURNS = 64;
    // Longer than any leg takes unless its process died or its database hangs; finishing a living one is harmless.
    private static final Duration ABANDONED = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofMillis(5);

    private final StockDatabases databases;
    private final TransferLedger ledger;
    private final SoldOut soldOut;
    private final Turn[] turns = new Turn[TURNS];

    private static final class Turn {
        final ReentrantLock lock = new ReentrantLock();
        final Condition time = lock.newCondition();
        // How many looks have begun; moved by whoever has the lock, read by those who come for it.
        final AtomicLong looks = new AtomicLong();

        @Nullable
        Nothing nothing;
    }

    /** What a look at every database found too little of. */
    private record Nothing(long look, Epoch epoch, StockId stock, long quantity) {
        /** Whether it tells somebody who came when {@code looks} had begun what a look of his own would tell. */
        boolean answers(long looks, Epoch now, StockId wanted, long number) {
            return look > looks && epoch.equals(now) && stock.equals(wanted) && quantity <= number;
        }
    }

    /** What {@link #replenish} found. */
    public enum Outcome {
        /** The user's database has enough, as far as anybody can tell before taking it. */
        READY,
        /** All databases together have too little; of coupons it is remembered. */
        SOLD_OUT,
        /** A switch began, or time ran out: ask from the start. */
        INTERRUPTED
    }

    public StockTransfers(StockDatabases databases, SoldOut soldOut, InstantSource clock) {
        this.databases = databases;
        this.ledger = new TransferLedger(databases, clock);
        this.soldOut = soldOut;
        for (int i = 0; i < TURNS; i++) {
            turns[i] = new Turn();
        }
    }

    /** Sees to it that {@code quantity} can be had in one database, by moving stock there if need be. */
    public Outcome replenish(Epoch epoch, StockId stock, int database, long quantity, Deadline deadline) {
        Turn turn = turns[
                Math.floorMod(
                        (Long.hashCode(stock.template().number()) * 31 + database) * 31
                                + stock.kind().ordinal(),
                        TURNS)];
        long begun = turn.looks.get();
        try {
            if (!turn.lock.tryLock(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS)) {
                return Outcome.INTERRUPTED;
            }
            try {
                // Of a rush on what is sold out each waits for one look at most, and not for those of all before.
                if (turn.nothing != null && turn.nothing.answers(begun, epoch, stock, quantity)) {
                    return Outcome.SOLD_OUT;
                }
                return replenishInTurn(epoch, stock, database, quantity, deadline, turn);
            } finally {
                turn.lock.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Outcome.INTERRUPTED;
        } catch (EpochMovedException e) {
            LOG.debug("A transfer of {} was left to the switch", stock, e);
            return Outcome.INTERRUPTED;
        }
    }

    private Outcome replenishInTurn(
            Epoch epoch, StockId stock, int database, long quantity, Deadline deadline, Turn turn)
            throws InterruptedException {
        while (!deadline.passed()) {
            long look = turn.looks.incrementAndGet();
            TransferLedger.View before = ledger.view(epoch, stock);
            StockLevel[] levels = levels(stock);
            long[] remaining =
                    Arrays.stream(levels).mapToLong(StockLevel::inSlices).toArray();
            long total = Arrays.stream(remaining).sum();
            if (remaining[database] >= quantity) {
                return Outcome.READY;
            }
            if (total >= quantity) {
                move(epoch, stock, database, quantity, remaining, deadline);
            } else if (closeLots(epoch, stock, levels, deadline)) {
                LOG.debug("The {} that were out in lots are back in the slices", stock);
            } else if (before.quiet() && before.equals(ledger.view(epoch, stock))) {
                soldOut.remember(stock, quantity);
                turn.nothing = new Nothing(look, epoch, stock, quantity);
                return Outcome.SOLD_OUT;
            } else {
                finishAbandoned(epoch);
                turn.time.awaitNanos(PAUSE.toNanos());
            }
        }
        return Outcome.INTERRUPTED;
    }

    /**
     * A mark by which two looks at a template's stock are compared: equal marks mean that nothing of the kind ran in between.
     *
     * @param travelling whether stock is on its way between two databases
     * @param adjusting whether the back office is adding or taking some
     */
    public record Mark(boolean travelling, long lastTransfer, boolean adjusting, long lastAdjustment) {}

    public Mark mark(Epoch epoch, StockId stock) {
        TransferLedger.View view = ledger.view(epoch, stock);
        return new Mark(view.transfers() > 0, view.lastTransfer(), view.adjustments() > 0, view.lastAdjustment());
    }

    private StockLevel[] levels(StockId stock) {
        StockLevel[] levels = new StockLevel[databases.count()];
        for (int database = 0; database < levels.length; database++) {
            levels[database] = databases.level(database, stock);
        }
        return levels;
    }

    /** Before anybody is refused, what a counter has is asked back; a lot whose pieces are all issued may hide some that come back. */
    private boolean closeLots(Epoch epoch, StockId stock, StockLevel[] levels, Deadline deadline) {
        boolean any = false;
        for (int database = 0; database < levels.length; database++) {
            if (levels[database].lots() > 0) {
                any = true;
                var unused = databases.fenced(
                        database,
                        epoch,
                        deadline.remaining(),
                        connection -> StockLots.close(connection, stock.template()));
            }
        }
        return any;
    }

    /** Half of what the richest other database has, but at least what is missing: a few transfers even out what is left. */
    private void move(Epoch epoch, StockId stock, int to, long quantity, long[] remaining, Deadline deadline) {
        int from = to == 0 ? 1 : 0;
        for (int database = 0; database < remaining.length; database++) {
            if (database != to && remaining[database] > remaining[from]) {
                from = database;
            }
        }
        long missing = quantity - remaining[to];
        long wanted = Math.min(remaining[from], Math.max(missing, (remaining[from] + 1) / 2));
        StockTransfer transfer = ledger.prepare(epoch, stock, from, to, wanted);
        if (debit(transfer, deadline.remaining()) == 0) {
            ledger.cancelled(transfer);
            return;
        }
        credit(transfer, deadline.remaining());
        ledger.credited(transfer);
        LOG.debug("Moved {} {} from shard-{} to shard-{}", wanted, stock, from, to);
    }

    private long debit(StockTransfer transfer, Duration budget) {
        return databases.fenced(transfer.from(), transfer.epoch(), budget, connection -> {
            OptionalLong done = leg(connection, transfer, DEBIT);
            if (done.isPresent()) {
                return done.getAsLong();
            }
            // Leg before slices in every debit: the key decides between us and whoever cancels.
            if (!insertLeg(connection, transfer, DEBIT, 0)) {
                return leg(connection, transfer, DEBIT).orElseThrow();
            }
            long taken = SliceStock.takeOut(connection, transfer.stock(), transfer.quantity());
            Sql.update(
                    connection,
                    "UPDATE " + transfer.stock().table(LEG) + " SET quantity = ? WHERE transfer_id = ? AND leg = ?",
                    taken,
                    transfer.id(),
                    DEBIT);
            return taken;
        });
    }

    private void credit(StockTransfer transfer, Duration budget) {
        long debited = databases.fenced(
                transfer.from(),
                transfer.epoch(),
                budget,
                connection -> leg(connection, transfer, DEBIT).orElseThrow());
        databases.fenced(transfer.to(), transfer.epoch(), budget, connection -> {
            if (insertLeg(connection, transfer, CREDIT, debited)) {
                SliceStock.putIn(connection, transfer.stock(), debited);
            }
            return debited;
        });
    }

    /** Finishes, in this epoch, what processes that are gone or were stopped by a switch left half done; returns how many. */
    public int finishAbandoned(Epoch epoch) {
        int finished = 0;
        for (StockTransfer transfer : ledger.unfinished(epoch, ABANDONED)) {
            long debited = databases.fenced(transfer.from(), epoch, ABANDONED, connection -> {
                OptionalLong leg = leg(connection, transfer, DEBIT);
                if (leg.isEmpty() && insertLeg(connection, transfer, DEBIT, 0)) {
                    return 0L;
                }
                return leg(connection, transfer, DEBIT).orElseThrow();
            });
            if (debited == 0) {
                ledger.cancelled(transfer);
            } else {
                credit(transfer, ABANDONED);
                ledger.credited(transfer);
            }
            finished++;
            LOG.info(
                    "Finished transfer {} that was left half done: {} {} from shard-{} to shard-{}",
                    transfer.id(),
                    debited,
                    transfer.stock(),
                    transfer.from(),
                    transfer.to());
        }
        return finished;
    }

    private static OptionalLong leg(Connection connection, StockTransfer transfer, int leg) throws SQLException {
        return Sql.list(
                        connection,
                        row -> row.getLong(1),
                        "SELECT quantity FROM " + transfer.stock().table(LEG) + " WHERE transfer_id = ? AND leg = ?",
                        transfer.id(),
                        leg)
                .stream()
                .mapToLong(Long::longValue)
                .findFirst();
    }

    private static boolean insertLeg(Connection connection, StockTransfer transfer, int leg, long quantity)
            throws SQLException {
        try {
            Sql.update(
                    connection,
                    "INSERT INTO " + transfer.stock().table(LEG)
                            + " (transfer_id, leg, template_id, quantity) VALUES (?, ?, ?, ?)",
                    transfer.id(),
                    leg,
                    transfer.stock().template().number(),
                    quantity);
            return true;
        } catch (SQLException e) {
            if (MySqlErrors.duplicate(e)) {
                return false;
            }
            throw e;
        }
    }
}
