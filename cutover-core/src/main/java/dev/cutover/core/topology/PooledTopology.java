package dev.cutover.core.topology;

import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.MigrationPlan;
import java.sql.Connection;
import java.util.List;
import javax.sql.DataSource;

/** A topology of HikariCP pools, one a database, opened on first use. */
final class PooledTopology implements Topology {
    private final MigrationPlan plan;

    PooledTopology(MigrationPlan plan, String applicationName) {
        this.plan = plan;
    }

    @Override
    public MigrationPlan plan() {
        return plan;
    }

    @Override
    public DataSource database(DatabaseId id) {
        throw new UnsupportedOperationException();
    }

    @Override
    public DataSource control() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Endpoint endpoint(DatabaseId id) {
        return plan.endpoint(id);
    }

    @Override
    public List<ServerAddress> servers(Side side) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Connection pinned(DatabaseId id) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Connection pinnedMulti(DatabaseId id) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
