package dev.cutover.coupon.replica;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.StoreView;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of the servers of NEW that reads may go to.
 *
 * <p>Idea: a read asks the primary how far it has written and the replica to have got there; whatever anybody was answered before, by
 * whichever instance, is then seen. Where that takes longer than a moment the primary reads itself. Invariant: a read from here sees
 * what one on the primary would have seen when it began, or later. Safe for many threads.
 */
public final class Replicas implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Replicas.class);
    private static final Duration PATIENCE = Duration.ofMillis(250);
    private static final int ANSWER_MILLIS = 250;

    private final Map<DatabaseId, Copies> copies;
    private final List<Replica> all;
    private final MigrationPlan plan;
    private final MeterRegistry meters;

    private record Copies(PrimaryPosition primary, List<Replica> replicas, AtomicInteger turn) {
        Optional<Replica> next() {
            List<Replica> serving = replicas.stream().filter(Replica::serving).toList();
            return serving.isEmpty()
                    ? Optional.empty()
                    : Optional.of(serving.get(Math.floorMod(turn.getAndIncrement(), serving.size())));
        }
    }

    /** What is read of one user's database. */
    @FunctionalInterface
    public interface Work<T> {
        T run(StoreView view) throws SQLException;
    }

    private Replicas(Map<DatabaseId, Copies> copies, List<Replica> all, MigrationPlan plan, MeterRegistry meters) {
        this.copies = copies;
        this.all = all;
        this.plan = plan;
        this.meters = meters;
    }

    /** The pairs whose primary has no shard database of the plan. */
    public static List<String> unknown(MigrationPlan plan, List<ReplicaAddress> addresses) {
        return addresses.stream()
                .map(ReplicaAddress::primary)
                .distinct()
                .filter(server -> shardsAt(plan, server).isEmpty())
                .toList();
    }

    /**
     * Opens nothing yet; replicas are read from when they were seen to keep up.
     *
     * @param topology reaches the primaries
     * @param threads runs the probes, one thread a replica; the caller's to close
     */
    public static Replicas open(
            Topology topology, List<ReplicaAddress> addresses, ScheduledExecutorService threads, MeterRegistry meters) {
        return open(topology, addresses, threads, meters, asking -> asking);
    }

    /** The same with another way to ask primaries. */
    static Replicas open(
            Topology topology,
            List<ReplicaAddress> addresses,
            ScheduledExecutorService threads,
            MeterRegistry meters,
            UnaryOperator<PrimaryPosition.Asking> twin) {
        MigrationPlan plan = topology.plan();
        Map<DatabaseId, Copies> copies = new HashMap<>();
        List<Replica> all = new ArrayList<>();
        addresses.stream()
                .collect(Collectors.groupingBy(ReplicaAddress::primary))
                .forEach((server, followers) -> {
                    List<DatabaseId> shards = shardsAt(plan, server);
                    DatabaseId any = shards.get(0);
                    PrimaryPosition primary = new PrimaryPosition(twin.apply(() -> position(topology, any)));
                    List<Replica> replicas = followers.stream()
                            .map(address -> new Replica(
                                    address,
                                    primary,
                                    Topology.impatient(
                                            plan.servedBy(server, address.host(), address.port()),
                                            "coupon-replica",
                                            PATIENCE),
                                    any))
                            .toList();
                    all.addAll(replicas);
                    Copies one = new Copies(primary, replicas, new AtomicInteger());
                    shards.forEach(shard -> copies.put(shard, one));
                });
        for (Replica replica : all) {
            Gauge.builder("coupon.replica.serving", replica, there -> there.serving() ? 1 : 0)
                    .description("Whether this replica is read from")
                    .tag("replica", replica.address().server())
                    .register(meters);
            Gauge.builder("coupon.replica.lag", replica, Replica::lagSeconds)
                    .description("Seconds since this replica had all that its primary had, as last seen")
                    .baseUnit("seconds")
                    .tag("replica", replica.address().server())
                    .register(meters);
            var unused =
                    threads.scheduleWithFixedDelay(replica::probe, 0, Replica.PACE.toMillis(), TimeUnit.MILLISECONDS);
        }
        return new Replicas(copies, all, plan, meters);
    }

    private static List<DatabaseId> shardsAt(MigrationPlan plan, String server) {
        return plan.shardDatabases().stream()
                .filter(shard -> plan.endpoint(shard).server().equals(server))
                .toList();
    }

    private static String position(Topology topology, DatabaseId database) throws SQLException {
        try (Connection session = topology.database(database).getConnection()) {
            session.setNetworkTimeout(Runnable::run, ANSWER_MILLIS);
            return Sql.first(session, row -> row.getString(1), "SELECT @@GLOBAL.gtid_executed")
                    .orElseThrow();
        } catch (UnreachableException e) {
            throw new SQLException(e.getMessage(), e);
        }
    }

    /** Reads the user's rows from a replica; empty where the primary has to be asked. What the work refuses passes through. */
    public <T> Optional<T> read(long userId, Work<T> work) {
        int slot = plan.layout().slot(userId);
        DatabaseId database = DatabaseId.shard(plan.layout().databaseOf(slot));
        Optional<Copies> there = Optional.ofNullable(copies.get(database));
        if (there.isEmpty()) {
            return Optional.empty();
        }
        Optional<Replica> next = there.get().next();
        if (next.isEmpty()) {
            count("none_serving");
            return Optional.empty();
        }
        String position;
        try {
            position = there.get().primary().now();
        } catch (SQLException e) {
            LOG.debug("The position of the primary of {} is not known", database, e);
            count("position_unknown");
            return Optional.empty();
        }
        Replica.Read<T> read =
                next.get().read(database, position, session -> work.run(new ReplicaView(plan, session, slot)));
        count(read.trouble()
                .map(trouble -> trouble.name().toLowerCase(Locale.ROOT))
                .orElse("replica"));
        return read.value();
    }

    private void count(String outcome) {
        meters.counter("coupon.replica.reads", "outcome", outcome).increment();
    }

    @Override
    public void close() {
        all.forEach(Replica::close);
    }

    private record ReplicaView(MigrationPlan plan, Connection connection, int slot) implements StoreView {
        @Override
        public Side side() {
            return Side.NEW;
        }

        @Override
        public String table(String planTable) {
            return Identifier.quote(plan.physicalTable(plan.table(planTable), slot));
        }
    }
}
