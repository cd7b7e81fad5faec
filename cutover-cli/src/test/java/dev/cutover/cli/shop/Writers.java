package dev.cutover.cli.shop;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.ProxyOptions;
import dev.cutover.proxy.Unit;
import dev.cutover.proxy.UnitOfWork;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/** Users that claim a piece of the limited item again and again through the proxy, and remember every acknowledged claim. */
public final class Writers implements AutoCloseable {
    private static final Duration BUDGET = Duration.ofSeconds(40);

    private final DualWriteProxy proxy;
    private final Topology topology;
    private final List<Thread> threads = new ArrayList<>();
    private final Map<Long, Long> acknowledged = new ConcurrentHashMap<>();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong operations = new AtomicLong();
    private volatile boolean stopped;
    private boolean closed;

    private Writers(DualWriteProxy proxy, Topology topology) {
        this.proxy = proxy;
        this.topology = topology;
    }

    static Writers start(Topology topology, ControlDatabase control, int number) {
        Writers writers = new Writers(
                DualWriteProxy.open(topology, control, ProxyOptions.of("shop-1"), new SimpleMeterRegistry()), topology);
        for (int i = 0; i < number; i++) {
            long first = 1_000L + 100L * i;
            Thread thread = new Thread(() -> writers.write(first), "shop-writer-" + i);
            thread.setDaemon(true);
            thread.start();
            writers.threads.add(thread);
        }
        return writers;
    }

    private void write(long firstUser) {
        long turn = 0;
        while (!stopped) {
            long user = firstUser + turn++ % 100;
            try {
                long legacyId = proxy.write(user, BUDGET, new Claim(user, "op-" + operations.incrementAndGet()));
                Long before = acknowledged.put(legacyId, user);
                if (before != null) {
                    failures.add(new AssertionError("The id " + legacyId + " was given to " + before + " and " + user));
                }
            } catch (RuntimeException e) {
                failures.add(e);
                return;
            }
        }
    }

    /** Acknowledged claims so far: legacy id to user. */
    public Map<Long, Long> acknowledged() {
        return Map.copyOf(acknowledged);
    }

    public int count() {
        return acknowledged.size();
    }

    /** What went wrong; empty as it should be. */
    public List<Throwable> failures() {
        return List.copyOf(failures);
    }

    /** Ends the writers; the proxy goes on. */
    public void stop() throws InterruptedException {
        stopped = true;
        for (Thread thread : threads) {
            thread.join(60_000);
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        stopped = true;
        for (Thread thread : threads) {
            try {
                thread.join(60_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        proxy.close();
    }

    private final class Claim implements UnitOfWork<Long> {
        private final long user;
        private final String operation;

        Claim(long user, String operation) {
            this.user = user;
            this.operation = operation;
        }

        @Override
        public Optional<Long> replay(Unit unit) throws SQLException {
            try (PreparedStatement select = unit.connection()
                    .prepareStatement(
                            "SELECT result FROM " + unit.table("operation") + " WHERE user_id = ? AND op_id = ?")) {
                select.setLong(1, user);
                select.setString(2, operation);
                try (ResultSet row = select.executeQuery()) {
                    return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
                }
            }
        }

        @Override
        public Long run(Unit unit) throws SQLException {
            long id = unit.side() == Side.OLD ? onOld(unit) : onNew(unit);
            try (PreparedStatement insert = unit.connection()
                    .prepareStatement(
                            "INSERT INTO " + unit.table("operation") + " (user_id, op_id, result) VALUES (?, ?, ?)")) {
                insert.setLong(1, user);
                insert.setString(2, operation);
                insert.setLong(3, id);
                insert.executeUpdate();
            }
            unit.touched("operation", RowKey.of(Long.toString(user), operation));
            return id;
        }

        private long onOld(Unit unit) throws SQLException {
            long id;
            try (PreparedStatement insert = unit.connection()
                    .prepareStatement(
                            "INSERT INTO " + unit.table("note") + " (user_id, item_id, body) VALUES (?, 1, ?)",
                            Statement.RETURN_GENERATED_KEYS)) {
                insert.setLong(1, user);
                insert.setString(2, operation);
                insert.executeUpdate();
                try (ResultSet key = insert.getGeneratedKeys()) {
                    key.next();
                    id = key.getLong(1);
                }
            }
            take(unit, "UPDATE shop_item SET stock = stock - 1 WHERE id = 1 AND stock > 0");
            unit.touched("note", RowKey.of(id));
            return id;
        }

        private long onNew(Unit unit) throws SQLException {
            long id = nextId();
            long key = id << 10 | unit.slot();
            try (PreparedStatement insert = unit.connection()
                    .prepareStatement("INSERT INTO " + unit.table("note")
                            + " (note_id, user_id, item_id, body) VALUES (?, ?, 1, ?)")) {
                insert.setLong(1, key);
                insert.setLong(2, user);
                insert.setString(3, operation);
                insert.executeUpdate();
            }
            take(
                    unit,
                    "UPDATE stock_slice SET remaining = remaining - 1 WHERE template_id = 1 AND slice_no = " + user % 2
                            + " AND remaining > 0");
            unit.touched("note", RowKey.of(key));
            return id;
        }

        private void take(Unit unit, String sql) throws SQLException {
            try (Statement statement = unit.connection().createStatement()) {
                if (statement.executeUpdate(sql) != 1) {
                    throw new IllegalStateException("Sold out on " + unit.side() + ", which cannot be: " + sql);
                }
            }
        }

        private long nextId() throws SQLException {
            try (Connection meta = topology.database(DatabaseId.META).getConnection();
                    Statement statement = meta.createStatement()) {
                statement.executeUpdate(
                        "UPDATE id_sequence SET next_value = LAST_INSERT_ID(next_value) + 1 WHERE name = 'note'");
                try (ResultSet row = statement.executeQuery("SELECT LAST_INSERT_ID()")) {
                    row.next();
                    return row.getLong(1);
                }
            }
        }
    }
}
