package dev.cutover.coupon.transfer;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FenceState;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.meta.MetaDatabase;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.stock.BudgetLevel;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.stock.StockLevel;
import dev.cutover.coupon.stock.StockLots;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponStore;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.store.StoreUnit;
import dev.cutover.coupon.store.StoreView;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/** The shard databases and the ledger of transfers, each behind its fence. Safe for many threads. */
public final class StockDatabases {
    private final Topology topology;
    private final CouponDatabases databases;
    private final MetaDatabase meta;
    private final SlotUsers users;

    /** Statements in a transaction that somebody else commits. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    public StockDatabases(Topology topology, CouponDatabases databases, MetaDatabase meta, SlotUsers users) {
        this.topology = topology;
        this.databases = databases;
        this.meta = meta;
        this.users = users;
    }

    /** How many shard databases there are. */
    public int count() {
        return users.databases();
    }

    /** What is left in one shard database, as last committed; not fenced, so it is a hint. */
    public StockLevel level(int database, StockId stock) {
        return look(database, connection -> StockLevel.read(connection, stock));
    }

    /** Where the money of a budget is in one shard database, likewise. */
    public BudgetLevel budget(int database, TemplateId template) {
        return look(database, connection -> BudgetLevel.read(connection, template));
    }

    /** Whether there are lots to be closed; a hint. */
    public boolean hasOutlivedLots(int database) {
        return look(database, connection -> !StockLots.outlived(connection).isEmpty());
    }

    private <T> T look(int database, Work<T> work) {
        try (Connection connection =
                topology.database(DatabaseId.shard(database)).getConnection()) {
            return work.run(connection);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Reading the stock of shard-" + database, e);
        }
    }

    /** One fenced transaction in a shard database; throws {@link EpochMovedException} when the truth is not NEW in this epoch. */
    public <T> T fenced(int database, Epoch epoch, Duration budget, Work<T> work) {
        return databases.write(users.ofDatabase(database), budget, new CouponDatabases.Write<T>() {
            @Override
            public Optional<T> replay(CouponStore store, StoreView view) {
                return Optional.empty();
            }

            @Override
            public T run(CouponStore store, StoreUnit unit) throws SQLException {
                requireEpoch(unit, "shard-" + database, epoch);
                return work.run(unit.connection());
            }
        });
    }

    // The unit holds the fence already; this only asks which epoch it was admitted in.
    private static void requireEpoch(StoreUnit unit, String database, Epoch epoch) throws SQLException {
        FenceState fence = Fence.read(unit.connection());
        if (unit.side() != Side.NEW || !fence.epoch().equals(epoch)) {
            throw new EpochMovedException(database, fence.role() + " " + fence.epoch());
        }
    }

    /** One fenced transaction in the meta database; throws {@link EpochMovedException} likewise. */
    public <T> T ledger(Epoch epoch, Work<T> work) {
        return meta.write((connection, found) -> {
            if (!found.equals(epoch)) {
                throw new EpochMovedException("the meta database", "epoch " + found + " instead of " + epoch);
            }
            return work.run(connection);
        });
    }
}
