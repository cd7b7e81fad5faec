package dev.cutover.proxy;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FenceCloser;
import dev.cutover.core.fence.Role;
import dev.cutover.core.plan.CopyPlan;
import dev.cutover.core.plan.Endpoint;
import dev.cutover.core.plan.FencePlan;
import dev.cutover.core.plan.Handover;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.ReadsPlan;
import dev.cutover.core.plan.Reject;
import dev.cutover.core.plan.Secret;
import dev.cutover.core.plan.SwitchPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.plan.VerifyPlan;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.sandbox.MySqlServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/** A migration of two tables in six schemas on the shared server: fences installed, register initialised, nothing moved yet. */
final class SmallMall implements AutoCloseable {
    static final int TABLES = 2;
    static final int SLOTS = 2 * TABLES;

    final MigrationPlan plan;
    final Topology topology;
    final ControlDatabase control;
    final AtomicLong ids = new AtomicLong();

    SmallMall() throws SQLException {
        plan = plan();
        topology = Topology.open(plan, "small-mall");
        control = new MySqlControlDatabase(topology.control());
        control.install();
        control.initialise(plan);
        for (DatabaseId database : plan.databases()) {
            try (Connection session = topology.database(database).getConnection()) {
                Fence.install(
                        session, database.equals(DatabaseId.OLD) ? Role.PRIMARY : Role.REPLICA, new Epoch(1), "test");
            }
        }
        execute(
                DatabaseId.OLD,
                "CREATE TABLE mall_note (id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL, body VARCHAR(50) NOT NULL, size INT NOT NULL)",
                "CREATE TABLE mall_operation (user_id BIGINT NOT NULL, op_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin"
                        + " NOT NULL, result BIGINT NOT NULL, PRIMARY KEY (user_id, op_id))",
                "CREATE TABLE mall_counter (id INT PRIMARY KEY, n INT NOT NULL)",
                "INSERT INTO mall_counter WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 60) SELECT i, 0 FROM c");
        for (DatabaseId shard : plan.shardDatabases()) {
            for (int table = 0; table < TABLES; table++) {
                execute(
                        shard,
                        "CREATE TABLE note_00" + table + " (note_id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL,"
                                + " body VARCHAR(50) NOT NULL, size INT NOT NULL)",
                        "CREATE TABLE operation_00" + table
                                + " (user_id BIGINT NOT NULL, op_id VARCHAR(40) CHARACTER SET ascii"
                                + " COLLATE ascii_bin NOT NULL, result BIGINT NOT NULL, PRIMARY KEY (user_id, op_id))");
            }
        }
    }

    void execute(DatabaseId database, String... statements) throws SQLException {
        try (Connection session = topology.database(database).getConnection()) {
            for (String sql : statements) {
                session.createStatement().execute(sql);
            }
        }
    }

    long number(DatabaseId database, String sql) throws SQLException {
        try (Connection session = topology.database(database).getConnection();
                ResultSet row = session.createStatement().executeQuery(sql)) {
            return row.next() ? row.getLong(1) : -1;
        }
    }

    /** All rows of a logical table on a side. */
    long rows(Side side, String table) throws SQLException {
        return rows(side, table, "TRUE");
    }

    long rows(Side side, String table, String condition) throws SQLException {
        if (side == Side.OLD) {
            return number(DatabaseId.OLD, "SELECT COUNT(*) FROM mall_" + table + " WHERE " + condition);
        }
        long rows = 0;
        for (DatabaseId shard : plan.shardDatabases()) {
            for (int number = 0; number < TABLES; number++) {
                rows += number(shard, "SELECT COUNT(*) FROM " + table + "_00" + number + " WHERE " + condition);
            }
        }
        return rows;
    }

    void move(UnaryOperator<Register> change) {
        Register before = control.read();
        if (!control.compareAndSet(
                before, change.apply(before), new EventDraft("test", "test", "A test moved it.", "", "", null, null))) {
            throw new IllegalStateException("Somebody else moved the register.");
        }
    }

    /** Says that the streams out of a side run in its epoch and have applied {@code gtidSet} everywhere. */
    void streamsOutOf(Side truth, long epoch, String gtidSet) throws SQLException {
        for (DatabaseId target : truth == Side.OLD ? plan.newDatabases() : List.of(DatabaseId.OLD)) {
            execute(
                    target,
                    "REPLACE INTO cutover_position (stream, epoch, owner, gtid_set) VALUES ('"
                            + (truth == Side.OLD ? "old" : "new-0") + "', " + epoch + ", 1, '" + gtidSet + "')");
        }
    }

    String serverUuid() throws SQLException {
        try (Connection session = topology.database(DatabaseId.OLD).getConnection();
                ResultSet row = session.createStatement().executeQuery("SELECT @@server_uuid")) {
            row.next();
            return row.getString(1);
        }
    }

    /** The fence steps of a switch without copy and streams: what is on the side being left stays there. */
    void switchTo(Side to, Runnable whileClosed) throws SQLException {
        close(to);
        whileClosed.run();
        open(to);
    }

    void close(Side to) {
        move(r -> r.claimed(to, "test", Instant.ofEpochMilli(4_000_000_000_000L / 2)));
        Epoch epoch = control.read().epoch();
        for (DatabaseId database : databasesOf(to.other())) {
            try (FenceCloser closer = FenceCloser.open(topology, database, Duration.ofMillis(100), "test")) {
                int attempts = 0;
                while (!closer.close(epoch).closed()) {
                    if (++attempts == 50) {
                        throw new IllegalStateException("The fence of " + database + " does not close.");
                    }
                }
            }
        }
    }

    void open(Side to) throws SQLException {
        Epoch epoch = control.read().epoch();
        for (DatabaseId database : databasesOf(to)) {
            try (Connection session = topology.database(database).getConnection()) {
                Fence.recordStart(session, epoch);
            }
        }
        move(r -> r.decided(Register.Decision.COMMIT));
        for (DatabaseId database : databasesOf(to)) {
            try (Connection session = topology.database(database).getConnection()) {
                Fence.open(session, epoch, "test");
            }
        }
        for (DatabaseId database : databasesOf(to.other())) {
            try (Connection session = topology.database(database).getConnection()) {
                Fence.toReplica(session, epoch, "test");
            }
        }
        move(r -> r.settled(to));
    }

    private List<DatabaseId> databasesOf(Side side) {
        return side == Side.OLD ? List.of(DatabaseId.OLD) : plan.newDatabases();
    }

    @Override
    public void close() {
        topology.close();
    }

    private static MigrationPlan plan() {
        MySqlServer server = MySqlServer.shared();
        List<Endpoint> shards = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            shards.add(endpoint(server, "shard-" + i));
        }
        TablePlan note = new TablePlan(
                "note",
                TablePlan.Kind.DYNAMIC,
                "mall_note",
                List.of("id"),
                List.of(),
                List.of(),
                "user_id",
                Map.of("note_id", "({id} << 10) | {shard}"),
                List.of(new Reject("s.size < 0", "negative_size")),
                Map.of("user_id", "s.user_id", "body", "s.body", "size", "s.size"),
                Map.of(),
                Map.of("id", "{note_id} >> 10"),
                Map.of("user_id", "n.user_id", "body", "n.body", "size", "n.size"));
        TablePlan operation = new TablePlan(
                "operation",
                TablePlan.Kind.DYNAMIC,
                "mall_operation",
                List.of("user_id", "op_id"),
                List.of(),
                List.of(),
                "user_id",
                new java.util.LinkedHashMap<>(
                        new java.util.TreeMap<>(Map.of("op_id", "{op_id}", "user_id", "{user_id}")).descendingMap()),
                List.of(),
                Map.of("result", "s.result"),
                Map.of(),
                new java.util.LinkedHashMap<>(
                        new java.util.TreeMap<>(Map.of("op_id", "{op_id}", "user_id", "{user_id}")).descendingMap()),
                Map.of("result", "n.result"));
        return new MigrationPlan(
                "small-mall",
                MigrationPlan.Strategy.ROLLING,
                endpoint(server, "old"),
                endpoint(server, "meta"),
                shards,
                "user_id",
                new ShardLayout(2, TABLES),
                endpoint(server, "control"),
                List.of(note, operation),
                new Handover(List.of(), null),
                List.of(),
                CopyPlan.DEFAULTS,
                VerifyPlan.DEFAULTS,
                ReadsPlan.DEFAULTS,
                SwitchPlan.DEFAULTS,
                FencePlan.DEFAULTS,
                "hash");
    }

    private static Endpoint endpoint(MySqlServer server, String name) {
        return new Endpoint(
                name,
                server.host(),
                server.port(),
                server.createDatabase(name.replace('-', '_')),
                server.rootUser(),
                Secret.of(server.rootPassword()));
    }
}
