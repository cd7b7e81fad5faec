package dev.cutover.proxy;

import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

/** A topology whose first COMMIT on OLD goes wrong in a chosen way; dedicated sessions, so that a pool does not mend it. */
final class LostAnswers implements Topology {
    private final Topology topology;
    private final Loss loss;
    private final AtomicBoolean lost = new AtomicBoolean();

    /** When the answer is lost. */
    enum Loss {
        AFTER_COMMIT,
        KILLED_BEFORE_COMMIT,
        COMMITS_LATER
    }

    LostAnswers(Topology topology, Loss loss) {
        this.topology = topology;
        this.loss = loss;
    }

    @Override
    public DataSource database(DatabaseId id) {
        return topology.database(id);
    }

    @Override
    public DataSource mirrors(DatabaseId id) {
        return topology.mirrors(id);
    }

    @Override
    public DataSource units(DatabaseId id) {
        if (!id.equals(DatabaseId.OLD)) {
            return topology.units(id);
        }
        return (DataSource) Proxy.newProxyInstance(
                LostAnswers.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        Connection session = topology.pinned(id);
                        session.setAutoCommit(false);
                        return losing(session);
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
    }

    private Connection losing(Connection session) {
        AtomicBoolean detached = new AtomicBoolean();
        return (Connection) Proxy.newProxyInstance(
                LostAnswers.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    if (detached.get()) {
                        if (method.getName().equals("close") || method.getName().equals("abort")) {
                            return null;
                        }
                        throw new SQLException("Communications link failure", "08S01");
                    }
                    if (method.getName().equals("commit") && lost.compareAndSet(false, true)) {
                        detached.set(loss == Loss.COMMITS_LATER);
                        lose(session);
                    }
                    try {
                        return method.invoke(session, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause() == null ? e : e.getCause();
                    }
                });
    }

    private void lose(Connection session) throws SQLException {
        switch (loss) {
            case AFTER_COMMIT -> {
                session.commit();
                session.close();
                throw new SQLException("Communications link failure", "08S01");
            }
            case KILLED_BEFORE_COMMIT -> {
                try (ResultSet row = session.createStatement().executeQuery("SELECT CONNECTION_ID()");
                        Connection killer = topology.pinned(DatabaseId.OLD)) {
                    row.next();
                    killer.createStatement().execute("KILL " + row.getLong(1));
                }
            }
            case COMMITS_LATER -> {
                var unused = CompletableFuture.runAsync(
                        () -> {
                            try {
                                session.commit();
                                session.close();
                            } catch (SQLException e) {
                                throw new IllegalStateException(e);
                            }
                        },
                        CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS));
                throw new SQLException("Communications link failure", "08S01");
            }
        }
    }

    @Override
    public MigrationPlan plan() {
        return topology.plan();
    }

    @Override
    public DataSource control() {
        return topology.control();
    }

    @Override
    public Endpoint endpoint(DatabaseId id) {
        return topology.endpoint(id);
    }

    @Override
    public List<ServerAddress> servers(Side side) {
        return topology.servers(side);
    }

    @Override
    public Connection pinned(DatabaseId id) {
        return topology.pinned(id);
    }

    @Override
    public Connection pinnedMulti(DatabaseId id) {
        return topology.pinnedMulti(id);
    }

    @Override
    public void close() {}
}
