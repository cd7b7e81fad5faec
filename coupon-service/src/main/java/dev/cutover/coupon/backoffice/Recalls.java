package dev.cutover.coupon.backoffice;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.RecallId;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.store.CollisionException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.store.UnknownOutcomeException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes back what a template has given out: every coupon of it that nobody has used becomes void, in the background.
 *
 * <p>One instance at a time works on a recall, for a turn; another takes it when the lease of a dead one is over. Nothing depends on that
 * but the work that is saved: the parts in the shard databases take turns by their own locks. Safe for many threads.
 */
public final class Recalls {
    private static final Logger LOG = LoggerFactory.getLogger(Recalls.class);
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration TURN = Duration.ofSeconds(5);
    // Between two rounds for what holds have.
    private static final Duration AGAIN = Duration.ofSeconds(2);
    // Longer than an instance goes on with a template it has read, beyond what one write may wait.
    private static final Duration STALE = Duration.ofSeconds(3);

    private final Topology topology;
    private final CouponDatabases databases;
    private final BackOfficeGate gate;
    private final RecallJournal journal;
    private final RecallLegs legs;
    private final InstantSource clock;
    private final Duration onTheWay;
    private final Failpoints failpoints;

    Recalls(
            Topology topology,
            CouponDatabases databases,
            MetaDatabase meta,
            BackOfficeGate gate,
            SlotUsers users,
            InstantSource clock,
            Duration budget,
            Failpoints failpoints) {
        this.topology = topology;
        this.databases = databases;
        this.gate = gate;
        this.journal = new RecallJournal(meta);
        this.legs = new RecallLegs(databases, users, topology.plan().layout(), clock, budget, failpoints);
        this.clock = clock;
        this.onTheWay = budget.plus(STALE);
        this.failpoints = failpoints;
    }

    /** Orders a recall, once for each number; refuses while the template gives out coupons. */
    public Recall.Ordered order(Recall.Order order) {
        gate.requireNew("To recall coupons");
        Optional<Recall> known = journal.find(order.number());
        if (known.isEmpty()) {
            try {
                RecallId id = journal.create(order, clock.millis());
                LOG.info(
                        "Operator {} recalls coupons of {}: {}",
                        order.operator().name(),
                        order.template(),
                        id);
                return new Recall.Ordered(progress(id), false);
            } catch (DatabaseTroubleException e) {
                // A twin was faster, if its row is there now.
                known = journal.find(order.number());
                if (known.isEmpty()) {
                    throw e;
                }
            }
        }
        Recall there = known.get();
        if (!order.asks(there)) {
            throw new Refusal(
                    Reason.IDEMPOTENCY_KEY_REUSED,
                    "recall_no",
                    "Recall '" + order.number() + "' is there already, of another template, issuance or reason.");
        }
        return new Recall.Ordered(progress(there), true);
    }

    /** A recall and what it has counted so far. */
    public Recall.Progress progress(RecallId id) {
        return progress(recall(id));
    }

    public Recall recall(RecallId id) {
        if (databases.truth() != Side.NEW) {
            throw BackOfficeGate.onlyNew("To recall coupons");
        }
        return journal.find(id)
                .orElseThrow(() -> new Refusal(Reason.RECALL_NOT_FOUND, "id", "There is no recall " + id + "."));
    }

    private Recall.Progress progress(Recall recall) {
        long seen = 0;
        long voided = 0;
        long held = 0;
        long used = 0;
        boolean walked = true;
        for (int database = 0; database < legs.databases(); database++) {
            RecallLegs.Leg leg = leg(recall, database);
            seen += leg.seen();
            voided += leg.voided();
            held += leg.held();
            used += leg.used();
            walked &= leg.walked(topology.plan().layout());
        }
        return new Recall.Progress(recall, walked ? seen : null, seen, voided, held, used);
    }

    private RecallLegs.Leg leg(Recall recall, int database) {
        try (Connection connection =
                topology.database(DatabaseId.shard(database)).getConnection()) {
            return RecallLegs.read(connection, recall.id());
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading " + recall.id() + " from shard-" + database, e);
        }
    }

    /** Ends a recall for good; what is void stays void, and when this returns nothing more becomes so. */
    public Recall.Progress cancel(RecallId id, Operator operator) {
        gate.requireNew("To cancel a recall");
        Recall recall = recall(id);
        if (recall.state() == Recall.State.RUNNING) {
            recall = journal.cancel(id, operator, clock.millis());
        }
        if (recall.state() == Recall.State.DONE) {
            throw new Refusal(
                    Reason.RECALL_STATE_CONFLICT, "id", "Recall " + id + " is done: nothing is left to be cancelled.");
        }
        return progress(recall.state() == Recall.State.CANCELLING ? close(recall) : recall);
    }

    private Recall close(Recall recall) {
        for (int database = 0; database < legs.databases(); database++) {
            legs.close(recall, database);
        }
        return journal.cancelled(recall.id(), clock.millis());
    }

    /** Works on recalls for a while; never throws, for a scheduled task that throws is not run again. */
    public void tick() {
        try {
            while (databases.truth() == Side.NEW && !databases.frozen() && journal.anythingToDo(clock.millis())) {
                UUID owner = UUID.randomUUID();
                Optional<Recall> taken = journal.take(owner, clock.millis(), LEASE);
                if (taken.isPresent()) {
                    turn(taken.get(), owner);
                }
            }
        } catch (EpochMovedException | MigrationFenceException e) {
            LOG.debug("A recall waits for a switch of the migration", e);
        } catch (RuntimeException e) {
            LOG.warn("A recall stopped in the middle and is taken up again when its lease is over: {}", e.toString());
        }
    }

    private void turn(Recall recall, UUID owner) {
        try {
            if (recall.state() == Recall.State.CANCELLING) {
                var unused = close(recall);
                return;
            }
            RecallLegs.Next next = work(recall);
            if (next == RecallLegs.Next.NOTHING) {
                journal.done(recall.id(), clock.millis());
                LOG.info("Recall {} is done", recall.id());
            } else {
                long until = clock.millis() + (next == RecallLegs.Next.MORE ? 0 : AGAIN.toMillis());
                journal.leave(recall, owner, until, Optional.empty());
            }
        } catch (DatabaseTroubleException | UnreachableException | UnknownOutcomeException | CollisionException e) {
            LOG.warn("Recall {} is tried again in a moment: {}", recall.id(), e.getMessage());
            journal.leave(
                    recall, owner, clock.millis() + AGAIN.toMillis(), Optional.of(String.valueOf(e.getMessage())));
        }
    }

    /** What is left to be done when the turn is over, in the database where that is most. */
    private RecallLegs.Next work(Recall recall) {
        long end = System.nanoTime() + TURN.toNanos();
        RecallLegs.Next all = RecallLegs.Next.NOTHING;
        for (int database = 0; database < legs.databases(); database++) {
            RecallLegs.Next next = RecallLegs.Next.MORE;
            while (next == RecallLegs.Next.MORE && System.nanoTime() < end) {
                boolean mayEnd = clock.millis() - recall.createdAt() > onTheWay.toMillis();
                next = legs.step(recall, database, mayEnd);
                failpoints.hit(Failpoint.RECALL_COMMITTED);
            }
            if (next.compareTo(all) < 0) {
                all = next;
            }
        }
        return all;
    }
}
