package dev.cutover.core.topology;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.MigrationPlan;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

/** A topology of HikariCP pools, one a database, opened on first use. Safe for many threads. */
final class PooledTopology implements Topology {
    // A shard database sees a share of the traffic, OLD all of it; more sessions than that only queue inside mysqld.
    private static final int MOST_SESSIONS = 16;
    private static final int MOST_SESSIONS_OLD = 32;
    // When a side is entered everybody who waited wants a session there at once, and a pool opens them one after the
    // other: that would be a part of the pause.
    private static final int READY_SESSIONS_OLD = 16;
    private static final int READY_SESSIONS_NEW = 32;
    private static final int LEAST_READY = 2;
    private static final int MOST_READY = 8;
    static final Duration BORROW_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration IDLE_TIMEOUT = Duration.ofMinutes(1);

    private final MigrationPlan plan;
    private final String applicationName;
    private final int preparedPerSession;
    private final Duration borrow;
    private final ConcurrentHashMap<Pool, PooledSessions> pools = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Endpoint, SessionFactory> factories = new ConcurrentHashMap<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    private record Pool(Endpoint endpoint, boolean autoCommit, int prepared) {
        String name() {
            return "cutover-" + endpoint.name() + (autoCommit ? "" : "-units") + (prepared == 0 ? "" : "-prepared");
        }
    }

    PooledTopology(MigrationPlan plan, String applicationName, int preparedPerSession, Duration borrow) {
        this.plan = plan;
        this.applicationName = applicationName;
        this.preparedPerSession = preparedPerSession;
        this.borrow = borrow;
    }

    @Override
    public MigrationPlan plan() {
        return plan;
    }

    @Override
    public DataSource database(DatabaseId id) {
        return pool(new Pool(plan.endpoint(id), true, 0), mostSessions(id), 1);
    }

    @Override
    public DataSource units(DatabaseId id) {
        return pool(new Pool(plan.endpoint(id), false, prepared(id)), mostSessions(id), readySessions(id));
    }

    @Override
    public DataSource mirrors(DatabaseId id) {
        return prepared(id) == 0 ? units(id) : pool(new Pool(plan.endpoint(id), false, 0), mostSessions(id), 1);
    }

    private int prepared(DatabaseId id) {
        return id.equals(DatabaseId.OLD) ? preparedPerSession : 0;
    }

    private int readySessions(DatabaseId id) {
        if (id.equals(DatabaseId.OLD)) {
            return READY_SESSIONS_OLD;
        }
        int share = READY_SESSIONS_NEW / plan.layout().databases();
        return Math.max(LEAST_READY, Math.min(MOST_READY, share));
    }

    private static int mostSessions(DatabaseId id) {
        return id.equals(DatabaseId.OLD) ? MOST_SESSIONS_OLD : MOST_SESSIONS;
    }

    @Override
    public DataSource control() {
        return pool(new Pool(plan.control(), true, 0), MOST_SESSIONS, 1);
    }

    @Override
    public Endpoint endpoint(DatabaseId id) {
        return plan.endpoint(id);
    }

    @Override
    public List<ServerAddress> servers(Side side) {
        if (side == Side.OLD) {
            return List.of(
                    new ServerAddress("old", plan.old().host(), plan.old().port(), List.of(DatabaseId.OLD)));
        }
        Map<String, List<DatabaseId>> byServer = new LinkedHashMap<>();
        for (DatabaseId id : plan.newDatabases()) {
            byServer.computeIfAbsent(plan.endpoint(id).server(), server -> new ArrayList<>())
                    .add(id);
        }
        List<ServerAddress> servers = new ArrayList<>();
        for (List<DatabaseId> databases : byServer.values()) {
            Endpoint endpoint = plan.endpoint(databases.get(0));
            servers.add(new ServerAddress("new-" + servers.size(), endpoint.host(), endpoint.port(), databases));
        }
        return List.copyOf(servers);
    }

    @Override
    public Connection pinned(DatabaseId id) {
        return factory(plan.endpoint(id)).openDedicated(false);
    }

    @Override
    public Connection pinnedMulti(DatabaseId id) {
        return factory(plan.endpoint(id)).openDedicated(true);
    }

    @Override
    public void close() {
        closed.set(true);
        pools.values().forEach(PooledSessions::close);
        pools.clear();
    }

    private DataSource pool(Pool which, int mostSessions, int readySessions) {
        if (closed.get()) {
            throw new IllegalStateException(
                    "The topology is closed; " + which.endpoint().describe() + " cannot be reached.");
        }
        return pools.computeIfAbsent(which, here -> openPool(here, mostSessions, readySessions));
    }

    private PooledSessions openPool(Pool which, int mostSessions, int readySessions) {
        Endpoint endpoint = which.endpoint();
        HikariConfig config = new HikariConfig();
        config.setPoolName(which.name());
        config.setAutoCommit(which.autoCommit());
        config.setDataSource(new SessionSource(factory(endpoint), which.prepared()));
        config.setMaximumPoolSize(mostSessions);
        config.setMinimumIdle(readySessions);
        config.setIdleTimeout(IDLE_TIMEOUT.toMillis());
        config.setConnectionTimeout(borrow.toMillis());
        if (borrow.compareTo(BORROW_TIMEOUT) < 0) {
            // A server that hangs would be asked for five seconds whether it still is there.
            config.setValidationTimeout(borrow.toMillis());
        }
        // A pool may open before its server does: the first borrower gets the reason.
        config.setInitializationFailTimeout(-1);
        return new PooledSessions(endpoint, new HikariDataSource(config));
    }

    private SessionFactory factory(Endpoint endpoint) {
        return factories.computeIfAbsent(endpoint, here -> new SessionFactory(here, applicationName));
    }
}
