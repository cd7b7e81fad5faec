package dev.cutover.coupon.store;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.meta.EpochMovedException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/**
 * The way to a user's rows on whichever side holds the truth, as the dual-write proxy offers it.
 *
 * <p>Runtime exceptions of the work pass through; trouble of a database arrives as {@link
 * dev.cutover.coupon.sql.DatabaseTroubleException}, a fence that stays
 * closed for the whole budget as {@link MigrationFenceException}. Safe for many threads.
 */
public interface CouponDatabases {
    /**
     * One fenced transaction with the truth. Work that throws is rolled back.
     *
     * @param budget how long the write may wait for a fence to open
     */
    <T> T write(long userId, Duration budget, Write<T> write);

    /** A read on the side this user's reads go to. */
    <T> T read(long userId, Read<T> read);

    /** A read of the truth that sees every write acknowledged before; for what a caller decides by. */
    <T> T readFresh(long userId, Duration budget, Read<T> read);

    /** The truth as last seen by this instance. */
    Side truth();

    /** The epoch as last seen by this instance. */
    Epoch epoch();

    /** Whether what changes templates has to wait, as last seen by this instance: from the freeze to the end of the migration. */
    boolean frozen();

    /** A unit of work; each attempt asks {@code replay} first, which may know that there is nothing to find. */
    interface Write<T> {
        /** The outcome, if an earlier attempt had it committed. */
        Optional<T> replay(CouponStore store, StoreView view) throws SQLException;

        T run(CouponStore store, StoreUnit unit) throws SQLException;
    }

    /** Work in one unit of NEW. */
    @FunctionalInterface
    interface OnNew<T> {
        T run(StoreUnit unit) throws SQLException;
    }

    /**
     * Work in one shard database that finds what it did when it runs once more, as it does after a commit whose outcome is not known.
     * Throws {@link EpochMovedException} where NEW does not hold the truth.
     */
    static <T> Write<T> again(int database, OnNew<T> work) {
        return new Write<>() {
            @Override
            public Optional<T> replay(CouponStore store, StoreView view) {
                return Optional.empty();
            }

            @Override
            public T run(CouponStore store, StoreUnit unit) throws SQLException {
                if (unit.side() != Side.NEW) {
                    throw new EpochMovedException("shard-" + database, "a unit on OLD");
                }
                return work.run(unit);
            }
        };
    }

    /** Work that changes nothing. */
    @FunctionalInterface
    interface Read<T> {
        T run(CouponStore store, StoreView view) throws SQLException;
    }
}
