package dev.cutover.coupon;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FenceState;
import dev.cutover.core.fence.Role;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.CouponStore;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.StoreUnit;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The simplest honest gate: a transaction behind the fence of the side the control database names; remembers what units touched. */
final class FencedDatabases implements CouponDatabases {
    private final SmallMall mall;
    private final CouponStore onOld;
    private final CouponStore onNew;
    final Map<String, Set<RowKey>> touched = new ConcurrentHashMap<>();

    FencedDatabases(SmallMall mall, CouponStore onOld, CouponStore onNew) {
        this.mall = mall;
        this.onOld = onOld;
        this.onNew = onNew;
    }

    @Override
    public <T> T write(long userId, Duration budget, Write<T> write) {
        Side side = truth();
        CouponStore store = side == Side.OLD ? onOld : onNew;
        try (Connection connection = connection(side, userId)) {
            connection.setAutoCommit(false);
            try {
                FenceState fence = Fence.readShared(connection);
                if (fence.role() != Role.PRIMARY) {
                    throw new MigrationFenceException(new IllegalStateException("closed"));
                }
                PlainUnit unit = new PlainUnit(connection, side, userId);
                Optional<T> before = write.replay(store, unit);
                T result = before.isPresent() ? before.get() : write.run(store, unit);
                connection.commit();
                return result;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw new DatabaseTroubleException("A test's write", e);
        }
    }

    @Override
    public <T> T read(long userId, Read<T> read) {
        Side side = truth();
        try (Connection connection = connection(side, userId)) {
            return read.run(side == Side.OLD ? onOld : onNew, new PlainUnit(connection, side, userId));
        } catch (SQLException e) {
            throw new DatabaseTroubleException("A test's read", e);
        }
    }

    @Override
    public <T> T readFresh(long userId, Duration budget, Read<T> read) {
        return read(userId, read);
    }

    private Connection connection(Side side, long userId) throws SQLException {
        int slot = mall.plan.layout().slot(userId);
        DatabaseId database = side == Side.OLD
                ? DatabaseId.OLD
                : DatabaseId.shard(mall.plan.layout().databaseOf(slot));
        return mall.topology.database(database).getConnection();
    }

    @Override
    public Side truth() {
        return mall.control.read().truth();
    }

    @Override
    public Epoch epoch() {
        return mall.control.read().epoch();
    }

    private final class PlainUnit implements StoreUnit {
        private final Connection connection;
        private final Side side;
        private final int slot;

        PlainUnit(Connection connection, Side side, long userId) {
            this.connection = connection;
            this.side = side;
            this.slot = mall.plan.layout().slot(userId);
        }

        @Override
        public Connection connection() {
            return connection;
        }

        @Override
        public Side side() {
            return side;
        }

        @Override
        public int slot() {
            return slot;
        }

        @Override
        public String table(String planTable) {
            return side == Side.OLD
                    ? mall.plan.table(planTable).fromTable()
                    : mall.plan.layout().physicalTable(planTable, slot);
        }

        @Override
        public void touched(String planTable, String... key) {
            touched.computeIfAbsent(planTable, name -> ConcurrentHashMap.newKeySet())
                    .add(new RowKey(List.of(key)));
        }
    }
}
