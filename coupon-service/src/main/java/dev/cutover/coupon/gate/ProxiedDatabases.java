package dev.cutover.coupon.gate;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.replica.Replicas;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponStore;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.StoreUnit;
import dev.cutover.coupon.store.StoreView;
import dev.cutover.coupon.store.UnknownOutcomeException;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.OutcomeUnknownException;
import dev.cutover.proxy.Patience;
import dev.cutover.proxy.ReadView;
import dev.cutover.proxy.Unit;
import dev.cutover.proxy.UnitOfWork;
import dev.cutover.proxy.WorkFailedException;
import dev.cutover.proxy.WriteFencedException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Reaches a user's rows through the dual-write proxy, with the store of whichever side it opens. What somebody waits for ends when nobody
 * does any more. Safe for many threads.
 */
public final class ProxiedDatabases implements CouponDatabases {
    private final DualWriteProxy proxy;
    private final CouponStore onOld;
    private final CouponStore onNew;
    private final Optional<Replicas> replicas;
    private final Consumer<Set<Long>> acted;
    private final Supplier<Optional<Duration>> listening;

    /**
     * @param replicas where reads may go once NEW holds the truth
     * @param acted told whose coupons on NEW were changed, or may have been, before their caller is answered
     * @param listening how long the caller on this thread still waits for its answer; empty for work that nobody waits for
     */
    public ProxiedDatabases(
            DualWriteProxy proxy,
            CouponStore onOld,
            CouponStore onNew,
            Optional<Replicas> replicas,
            Consumer<Set<Long>> acted,
            Supplier<Optional<Duration>> listening) {
        this.proxy = proxy;
        this.onOld = onOld;
        this.onNew = onNew;
        this.replicas = replicas;
        this.acted = acted;
        this.listening = listening;
    }

    @Override
    public <T> T write(long userId, Duration budget, Write<T> write) {
        ProxiedWork<T> work = new ProxiedWork<>(write);
        try {
            return translated("A write for user " + userId, () -> proxy.write(userId, patience(budget), work));
        } finally {
            // Also when it failed: what its outcome was may not be known.
            if (!work.users.isEmpty()) {
                acted.accept(work.users);
            }
        }
    }

    @Override
    public <T> T read(long userId, Read<T> read) {
        Optional<T> copied = ofReplica(userId, read);
        if (copied.isPresent()) {
            return copied.get();
        }
        return translated(
                "A read for user " + userId,
                () -> proxy.read(userId, listening.get(), view -> read.run(store(view.side()), new ProxiedView(view))));
    }

    /** Not while the sides are compared by what both answer: that is the proxy's. */
    private <T> Optional<T> ofReplica(long userId, Read<T> read) {
        Register register = proxy.register();
        return register.truth() == Side.NEW && register.shadowPercent() == 0
                ? replicas.flatMap(copies -> copies.read(userId, view -> read.run(onNew, view)))
                : Optional.empty();
    }

    @Override
    public <T> T readFresh(long userId, Duration budget, Read<T> read) {
        return translated(
                "A fresh read for user " + userId,
                () -> proxy.readFresh(
                        userId, patience(budget), view -> read.run(store(view.side()), new ProxiedView(view))));
    }

    @Override
    public Side truth() {
        return proxy.register().truth();
    }

    @Override
    public Epoch epoch() {
        return proxy.register().epoch();
    }

    @Override
    public boolean frozen() {
        return proxy.register().frozen();
    }

    private Patience patience(Duration budget) {
        return new Patience(budget, listening.get());
    }

    private CouponStore store(Side side) {
        return side == Side.OLD ? onOld : onNew;
    }

    private static <T> T translated(String act, Supplier<T> call) {
        try {
            return call.get();
        } catch (WriteFencedException e) {
            throw new MigrationFenceException(e);
        } catch (OutcomeUnknownException e) {
            throw new UnknownOutcomeException(e);
        } catch (WorkFailedException | UnreachableException e) {
            throw new DatabaseTroubleException(act, e);
        }
    }

    private final class ProxiedWork<T> implements UnitOfWork<T> {
        private final Write<T> write;
        private final Set<Long> users = new HashSet<>();

        ProxiedWork(Write<T> write) {
            this.write = write;
        }

        @Override
        public Optional<T> replay(Unit unit) throws SQLException {
            return write.replay(store(unit.side()), new ProxiedUnit(unit, users));
        }

        @Override
        public T run(Unit unit) throws SQLException {
            return write.run(store(unit.side()), new ProxiedUnit(unit, users));
        }
    }

    private record ProxiedView(ReadView view) implements StoreView {
        @Override
        public Connection connection() {
            return view.connection();
        }

        @Override
        public Side side() {
            return view.side();
        }

        @Override
        public int slot() {
            return view.slot();
        }

        @Override
        public String table(String planTable) {
            return Identifier.quote(view.table(planTable));
        }
    }

    private record ProxiedUnit(Unit unit, Set<Long> users) implements StoreUnit {
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
            return Identifier.quote(unit.table(planTable));
        }

        @Override
        public void touched(String planTable, String... key) {
            unit.touched(planTable, new RowKey(List.of(key)));
        }

        @Override
        public void acted(long userId) {
            if (side() == Side.NEW) {
                users.add(userId);
            }
        }

        @Override
        public String tableOf(String planTable, int otherSlot) {
            return Identifier.quote(unit.table(planTable, otherSlot));
        }

        @Override
        public void touchedIn(String planTable, int otherSlot, String... key) {
            unit.touched(planTable, otherSlot, new RowKey(List.of(key)));
        }
    }
}
