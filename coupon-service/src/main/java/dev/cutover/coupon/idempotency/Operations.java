package dev.cutover.coupon.idempotency;

import dev.cutover.core.topology.Side;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Deadline;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.operation.Recorded;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.stock.StockShortException;
import dev.cutover.coupon.store.CollisionException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponStore;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.StoreUnit;
import dev.cutover.coupon.store.StoreView;
import dev.cutover.coupon.store.Tables;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/**
 * Does each operation once, however often and from wherever it is asked.
 *
 * <p>Idea: the operation's row commits with its effect, so whoever finds the row has the answer and whoever does not may act. Two calls
 * with one key at the same moment: one of them meets the other at the primary key of the row, is rolled back and asks again. Or it is
 * refused because of what its twin has just done (limit reached, coupon used); so behind a refusal the row is looked for once more, and
 * READ COMMITTED shows it, since it committed together with whatever caused the refusal.
 *
 * <p>Hardly any operation is asked twice, so the first run does not look for an earlier one: it is found by the collision or behind the
 * refusal all the same. A run that comes after another looks first, for what came before may have been its own.
 *
 * <p>Safe for many threads.
 */
public final class Operations {
    // Each collision means that somebody else made progress; more than a user's parallel calls is a fault, not
    // contention.
    private static final int MOST_ATTEMPTS = 100;
    // Those who took each other's locks would otherwise meet again, in the same order; a transaction takes a few ms.
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(16);
    private static final int PAUSES = 5;

    private final CouponDatabases databases;
    private final InstantSource clock;
    private final LongConsumer pause;

    /** The change itself: refuses, or records the operation and returns what it recorded. */
    @FunctionalInterface
    public interface Effect {
        String run(CouponStore store, StoreUnit unit, long now) throws SQLException;
    }

    public Operations(CouponDatabases databases, InstantSource clock) {
        this(databases, clock, LockSupport::parkNanos);
    }

    /** @param pause waits for so many nanoseconds */
    Operations(CouponDatabases databases, InstantSource clock, LongConsumer pause) {
        this.databases = databases;
        this.clock = clock;
        this.pause = pause;
    }

    /** The answer of this operation, now or from before. */
    public Answer perform(Operation operation, Deadline deadline, Effect effect) {
        for (int attempt = 1; ; attempt++) {
            try {
                return databases.write(
                        operation.userId(), deadline.remaining(), new Attempt(operation, effect, attempt > 1));
            } catch (CollisionException | EpochMovedException e) {
                if (attempt >= MOST_ATTEMPTS || deadline.passed()) {
                    throw e;
                }
            } catch (DatabaseTroubleException e) {
                if (!e.lostALock() || attempt >= MOST_ATTEMPTS || deadline.passed()) {
                    throw e;
                }
                pauseAfter(attempt);
            }
        }
    }

    /** Up to 1, 2, 4, 8 and then 16 ms: who lost a lock should not meet the same others again. */
    private void pauseAfter(int attempt) {
        long most = LONGEST_PAUSE.toNanos() >> Math.max(0, PAUSES - attempt);
        pause.accept(ThreadLocalRandom.current().nextLong(most) + 1);
    }

    /** What was recorded under this id, read from the truth: a caller decides by it whether to ask again. */
    public Optional<Recorded> find(long userId, String operationId, Deadline deadline) {
        return databases.readFresh(
                userId, deadline.remaining(), (store, view) -> store.operation(view, userId, operationId));
    }

    /** The answer of this operation if it was done before, from the truth; refuses when its id was used for another request. */
    public Optional<Answer> earlier(Operation operation, Deadline deadline) {
        return earlier(List.of(operation), deadline);
    }

    /**
     * The same of a request that was written down in one of several ways.
     *
     * @param spellings operations of one user with one id
     */
    public Optional<Answer> earlier(List<Operation> spellings, Deadline deadline) {
        return databases.readFresh(
                spellings.get(0).userId(), deadline.remaining(), (store, view) -> recorded(store, view, spellings));
    }

    private static Optional<Answer> recorded(CouponStore store, StoreView view, List<Operation> spellings)
            throws SQLException {
        Operation operation = spellings.get(0);
        Optional<Recorded> found = store.operation(view, operation.userId(), operation.id());
        if (found.isEmpty()) {
            return Optional.empty();
        }
        String fingerprint = found.get().fingerprint();
        if (spellings.stream().noneMatch(one -> one.fingerprint().equals(fingerprint))) {
            throw new Refusal(
                    Reason.IDEMPOTENCY_KEY_REUSED,
                    "Idempotency-Key",
                    "This idempotency key was used for another request of the same user.");
        }
        return Optional.of(new Answer(found.get().result(), true));
    }

    private final class Attempt implements CouponDatabases.Write<Answer> {
        private final Operation operation;
        private final Effect effect;
        private boolean looks;

        Attempt(Operation operation, Effect effect, boolean looks) {
            this.operation = operation;
            this.effect = effect;
            this.looks = looks;
        }

        @Override
        public Optional<Answer> replay(CouponStore store, StoreView view) throws SQLException {
            if (!looks) {
                looks = true;
                return Optional.empty();
            }
            return recorded(store, view, List.of(operation));
        }

        @Override
        public Answer run(CouponStore store, StoreUnit unit) throws SQLException {
            WatchedUnit watched = new WatchedUnit(unit);
            // Whole seconds: the mall's columns hold no more, and a row must be the same on both sides.
            long now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toEpochMilli();
            try {
                return new Answer(effect.run(store, watched, now), false);
            } catch (Refusal | StockShortException | MigrationFenceException e) {
                // What only NEW can do may have been done there before a rollback. Behind our own row there is no
                // twin's: it could not have been inserted.
                if (!watched.recorded) {
                    Optional<Answer> twin = recorded(store, unit, List.of(operation));
                    if (twin.isPresent()) {
                        return twin.get();
                    }
                }
                throw e;
            }
        }
    }

    /** Notices when the operation's row was written. */
    private static final class WatchedUnit implements StoreUnit {
        private final StoreUnit unit;
        private boolean recorded;

        WatchedUnit(StoreUnit unit) {
            this.unit = unit;
        }

        @Override
        public Connection connection() {
            return unit.connection();
        }

        @Override
        public Side side() {
            return unit.side();
        }

        @Override
        public int slot() {
            return unit.slot();
        }

        @Override
        public String table(String planTable) {
            return unit.table(planTable);
        }

        @Override
        public void touched(String planTable, String... key) {
            recorded |= planTable.equals(Tables.OPERATION);
            unit.touched(planTable, key);
        }

        @Override
        public String tableOf(String planTable, int otherSlot) {
            return unit.tableOf(planTable, otherSlot);
        }

        @Override
        public void touchedIn(String planTable, int otherSlot, String... key) {
            recorded |= planTable.equals(Tables.OPERATION);
            unit.touchedIn(planTable, otherSlot, key);
        }

        @Override
        public void acted(long userId) {
            unit.acted(userId);
        }
    }
}
