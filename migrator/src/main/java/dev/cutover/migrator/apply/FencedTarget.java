package dev.cutover.migrator.apply;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.OwnMark;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;

/**
 * Writes copied rows where no stream runs: under the fence alone. For tables that do not change meanwhile, and for a copy with the application
 * stopped. Owned by one thread.
 */
public final class FencedTarget implements AutoCloseable {
    private static final int DELETE_ROWS = 10_000;

    private final Connection connection;
    private final Epoch epoch;
    private final Traffic traffic;
    private final RowPlacing placing;

    private FencedTarget(Connection connection, Epoch epoch, Traffic traffic) throws SQLException {
        this.connection = connection;
        this.epoch = epoch;
        this.traffic = traffic;
        this.placing = new RowPlacing(traffic);
        connection.setAutoCommit(false);
    }

    /** The unsharded database. */
    public static FencedTarget meta(Topology topology, Epoch epoch, Map<String, Projection> projections)
            throws SQLException {
        return new FencedTarget(topology.pinned(DatabaseId.META), epoch, new StaticTraffic(projections));
    }

    /** A shard database. */
    public static FencedTarget shard(Topology topology, int shard, Epoch epoch, Map<String, Projection> projections)
            throws SQLException {
        MigrationPlan plan = topology.plan();
        return new FencedTarget(
                topology.pinned(DatabaseId.shard(shard)), epoch, new ForwardTraffic(plan, projections, shard));
    }

    /** Inside a fenced transaction. */
    @FunctionalInterface
    private interface Work {
        void run() throws SQLException;
    }

    /** Empties a physical table and the quarantine of its table, piece by piece, each under the fence. */
    public void empty(Projection projection, String physicalTable) throws SQLException {
        String delete = "DELETE FROM " + Identifier.quote(physicalTable) + " LIMIT " + DELETE_ROWS;
        int[] deleted = {DELETE_ROWS};
        while (deleted[0] == DELETE_ROWS) {
            fenced(() -> {
                try (Statement statement = connection.createStatement()) {
                    deleted[0] = statement.executeUpdate(delete);
                }
            });
        }
        fenced(() -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("DELETE FROM cutover_quarantine WHERE table_name = ?")) {
                statement.setString(1, projection.table().name());
                statement.executeUpdate();
            }
        });
    }

    /** Writes rows that are perhaps there already; returns how many belong here. */
    public long write(Projection projection, List<ProjectedRow> rows) throws SQLException {
        List<ProjectedRow> mine = rows.stream()
                .filter(row -> traffic.place(row) >= 0 || traffic.quarantinesHere(row))
                .toList();
        if (mine.isEmpty()) {
            return 0;
        }
        RowPlacing.Attempt attempt = new RowPlacing.Attempt();
        try {
            fenced(() -> placing.insert(connection, projection, mine, attempt));
        } catch (SQLException e) {
            SqlFault fault = SqlFault.of(e);
            if (fault == SqlFault.OTHER) {
                throw e;
            }
            again(projection, mine, fault == SqlFault.DATA);
        }
        return mine.size();
    }

    private void again(Projection projection, List<ProjectedRow> rows, boolean rowByRow) throws SQLException {
        RowPlacing.Attempt attempt = new RowPlacing.Attempt();
        attempt.rowByRow = rowByRow;
        try {
            fenced(() -> {
                placing.clear(connection, projection, rows);
                placing.insert(connection, projection, rows, attempt);
            });
        } catch (SQLException e) {
            SqlFault fault = SqlFault.of(e);
            if (rowByRow || fault == SqlFault.OTHER) {
                throw e;
            }
            again(projection, rows, true);
        }
    }

    private void fenced(Work work) throws SQLException {
        try {
            Fence.requireReplica(connection, epoch);
            work.run();
            OwnMark.put(connection, "copy");
            connection.commit();
        } catch (SQLException | RuntimeException e) {
            try {
                connection.rollback();
            } catch (SQLException rollingBack) {
                e.addSuppressed(rollingBack);
            }
            throw e;
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
