package dev.cutover.migrator;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.fence.Role;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.Projection;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.SqlScript;
import dev.cutover.core.topology.Topology;
import dev.cutover.sandbox.JavaProcess;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.mall.MallData;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import org.awaitility.Awaitility;

/** A whole small migration on one mysqld: OLD, meta, shards and control database, fences installed, stage DUAL_WRITE. */
final class Stand implements AutoCloseable {
    static final Epoch FIRST = new Epoch(1);
    private static final String COPY = "{chunkRows: 2000, workers: 2, maxLag: 10s, maxThreadsRunning: 60}";

    final MySqlServer server;
    final MySqlServer newServer;
    final MigrationPlan plan;
    final Topology topology;
    final ControlDatabase control;
    private final List<Runnable> closing = new ArrayList<>();

    private final String yaml;

    private Stand(MySqlServer server, MySqlServer newServer, String yaml) {
        this.server = server;
        this.newServer = newServer;
        this.yaml = yaml;
        this.plan = PlanReader.parse(yaml, "test.yaml", true);
        this.topology = Topology.open(plan, "migrator-test");
        this.control = new MySqlControlDatabase(topology.control());
    }

    /** What a test adds to the plan and the databases. */
    interface Schema {
        void create(Stand stand) throws SQLException;
    }

    /** The coupon migration over a mall with this many coupons of users; 0 leaves it empty. */
    static Stand coupons(MySqlServer server, int databases, int tables, int coupons) {
        return create(server, databases, tables, resource("coupon-tables.yaml"), stand -> {
            stand.run(DatabaseId.OLD, SqlScript.read("sql/mall/schema.sql").statements());
            stand.run(DatabaseId.META, SqlScript.read("sql/coupon/meta.sql").statements());
            for (DatabaseId shard : stand.plan.shardDatabases()) {
                stand.run(shard, SqlScript.read("sql/coupon/shard.sql").statements(tables));
            }
            if (coupons > 0) {
                try (Connection old = server.connect(stand.plan.old().schema())) {
                    MallData.generate(
                            old,
                            MallData.Options.of(7, Instant.parse("2026-06-01T00:00:00Z"))
                                    .withUserCoupons(coupons)
                                    .withTemplates(60)
                                    .withUsers(Math.max(200, coupons / 5)));
                }
            }
        });
    }

    static Stand create(MySqlServer server, int databases, int tables, String tablesYaml, Schema schema) {
        return create(server, server, databases, tables, tablesYaml, schema);
    }

    /** The same with NEW on a server of its own; the control database is on OLD's. */
    static Stand create(
            MySqlServer server, MySqlServer newServer, int databases, int tables, String tablesYaml, Schema schema) {
        return create(server, newServer, databases, tables, tablesYaml, COPY, schema);
    }

    /**
     * The same with a copy of its own.
     *
     * @param copy the plan's section
     */
    static Stand create(
            MySqlServer server,
            MySqlServer newServer,
            int databases,
            int tables,
            String tablesYaml,
            String copy,
            Schema schema) {
        String old = server.createDatabase("old");
        String meta = newServer.createDatabase("meta");
        String control = server.createDatabase("ctl");
        StringBuilder shards = new StringBuilder();
        for (int i = 0; i < databases; i++) {
            shards.append("    - ")
                    .append(url(newServer, newServer.createDatabase("shard")))
                    .append('\n');
        }
        String yaml = "apiVersion: cutover/v1\nmigration: test\nstrategy: rolling\n"
                + "old: {url: '" + url(server, old) + "', user: root, password: '" + server.rootPassword() + "'}\n"
                + "new:\n  user: root\n  password: '" + newServer.rootPassword() + "'\n  meta: " + url(newServer, meta)
                + "\n  databases:\n" + shards + "  sharding: {key: user_id, tables: " + tables + "}\n"
                + "control: {url: '" + url(server, control) + "'}\n" + tablesYaml
                + "copy: " + copy + "\n";
        Stand stand = new Stand(server, newServer, yaml);
        try {
            schema.create(stand);
            try (Connection connection = stand.connect(DatabaseId.OLD)) {
                Fence.install(connection, Role.PRIMARY, FIRST, "test");
                Fence.recordStart(connection, FIRST);
            }
            for (DatabaseId database : stand.plan.newDatabases()) {
                try (Connection connection = stand.connect(database)) {
                    Fence.install(connection, Role.REPLICA, FIRST, "test");
                }
            }
        } catch (SQLException e) {
            throw new AssertionError("The stand could not be built", e);
        }
        stand.control.install();
        stand.move(stand.control.initialise(stand.plan), Stage.DUAL_WRITE, Side.OLD, FIRST, Register.Phase.STABLE);
        return stand;
    }

    private static String url(MySqlServer server, String database) {
        return "jdbc:mysql://" + server.host() + ":" + server.port() + "/" + database;
    }

    static String resource(String name) {
        try (InputStream stream =
                Objects.requireNonNull(Stand.class.getClassLoader().getResourceAsStream(name))) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(name, e);
        }
    }

    void move(Register from, Stage stage, Side truth, Epoch epoch, Register.Phase phase) {
        Register to = new Register(
                from.version(),
                from.migration(),
                from.planHash(),
                epoch,
                truth,
                phase,
                phase == Register.Phase.SWITCHING ? truth.other() : null,
                Register.Decision.NONE,
                null,
                null,
                stage,
                true,
                0,
                0,
                true);
        if (!control.compareAndSet(from, to, new EventDraft("test", "move", "moved by a test", "", "", null, null))) {
            throw new AssertionError("The register moved meanwhile");
        }
    }

    /** The same plan with another account everywhere. */
    MigrationPlan planOf(String user, String password) {
        return PlanReader.parse(
                yaml.replace("user: root", "user: " + user)
                        .replace("'" + server.rootPassword() + "'", "'" + password + "'")
                        .replace("'" + newServer.rootPassword() + "'", "'" + password + "'"),
                "test.yaml",
                true);
    }

    /** A session as the migrator has them; autocommit. */
    Connection connect(DatabaseId database) {
        return topology.pinned(database);
    }

    private MySqlServer serverOf(DatabaseId database) {
        return database.side() == Side.OLD ? server : newServer;
    }

    void run(DatabaseId database, List<String> statements) throws SQLException {
        try (Connection connection =
                serverOf(database).connect(plan.endpoint(database).schema())) {
            SqlScript.run(connection, statements);
        }
    }

    void sql(DatabaseId database, String... statements) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new AssertionError(String.join("; ", statements), e);
        }
    }

    String one(DatabaseId database, String sql) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        } catch (SQLException e) {
            throw new AssertionError(sql, e);
        }
    }

    /** A worker in a thread of its own. */
    MigrationWorker worker(Failpoints failpoints) {
        MigrationWorker worker = new MigrationWorker(
                plan, topology, control, "worker-" + UUID.randomUUID(), new SimpleMeterRegistry(), failpoints);
        Thread thread = new Thread(worker::run, "worker");
        thread.setDaemon(true);
        thread.start();
        closing.add(() -> {
            worker.close();
            try {
                thread.join(20_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        return worker;
    }

    /** A worker in a JVM of its own with a heap of this size; see {@link WorkerMain}. */
    JavaProcess workerProcess(Path folder, int heapMegabytes) {
        try {
            Path file = Files.writeString(folder.resolve("cutover.yaml"), yaml);
            JavaProcess process = JavaProcess.named("worker", folder, WorkerMain.class.getName(), file.toString())
                    .withHeap(heapMegabytes)
                    .start();
            closing.add(process::close);
            return process;
        } catch (IOException e) {
            throw new AssertionError("No plan for a worker", e);
        }
    }

    void closeWorkers() {
        closing.forEach(Runnable::run);
        closing.clear();
    }

    void copyAll() {
        control.requestJob("copy-dynamic", "test", null);
        Awaitility.await()
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(50))
                .until(() ->
                        control.job("copy-dynamic").orElseThrow().state().name().equals("DONE"));
    }

    /** Forgets the recorded start and records a new one: what is on OLD now is left to the copy. */
    void restart() {
        sql(DatabaseId.OLD, "DELETE FROM cutover_start");
        try (Connection old = connect(DatabaseId.OLD)) {
            Fence.recordStart(old, FIRST);
        } catch (SQLException e) {
            throw new AssertionError("No new start", e);
        }
    }

    /** Writes a marker on OLD and waits until every shard has applied it; gives the time that took. */
    Duration drain() {
        return drain(Duration.ofSeconds(60));
    }

    /** The same, waiting this long for each shard. */
    Duration drain(Duration bound) {
        try (Connection old = connect(DatabaseId.OLD)) {
            String gtid = Fence.writeMarker(old, "old", FIRST, UUID.randomUUID().toString());
            long begun = System.nanoTime();
            for (DatabaseId shard : plan.shardDatabases()) {
                try (Connection connection = topology.database(shard).getConnection()) {
                    Awaitility.await()
                            .atMost(bound)
                            .pollDelay(Duration.ZERO)
                            .pollInterval(Duration.ofMillis(1))
                            .until(() -> Positions.read(connection, "old")
                                    .filter(position -> position.set().containsGtid(gtid))
                                    .isPresent());
                }
            }
            return Duration.ofNanos(System.nanoTime() - begun);
        } catch (SQLException e) {
            throw new AssertionError("The marker could not be drained", e);
        }
    }

    /** A line a slot and table: how many rows and their checksum, as OLD projects them. */
    TreeMap<String, String> projected() {
        TreeMap<String, String> cells = new TreeMap<>();
        for (TablePlan table : plan.dynamicTables()) {
            try (Connection old = connect(DatabaseId.OLD);
                    Statement statement = old.createStatement()) {
                Projection projection = Projection.forward(topology, table);
                try (ResultSet row =
                        statement.executeQuery("SELECT " + projection.slotExpression() + " slot, COUNT(*), BIT_XOR("
                                + checksum(projection, true) + ") FROM " + projection.fromClause() + " WHERE NOT "
                                + projection.rejectCondition() + " GROUP BY slot")) {
                    while (row.next()) {
                        cells.put(table.name() + "/" + row.getInt(1), row.getString(2) + " " + row.getString(3));
                    }
                }
            } catch (SQLException e) {
                throw new AssertionError(table.name(), e);
            }
        }
        return cells;
    }

    /** The same as NEW holds them. */
    TreeMap<String, String> actual() {
        TreeMap<String, String> cells = new TreeMap<>();
        for (TablePlan table : plan.dynamicTables()) {
            for (int slot = 0; slot < plan.layout().slots(); slot++) {
                try (Connection shard = connect(plan.databaseOf(table, slot));
                        Statement statement = shard.createStatement()) {
                    Projection projection = Projection.forward(topology, table);
                    try (ResultSet row = statement.executeQuery("SELECT COUNT(*), BIT_XOR("
                            + checksum(projection, false) + ") FROM " + plan.physicalTable(table, slot))) {
                        row.next();
                        if (row.getLong(1) > 0) {
                            cells.put(table.name() + "/" + slot, row.getString(1) + " " + row.getString(2));
                        }
                    }
                } catch (SQLException e) {
                    throw new AssertionError(table.name(), e);
                }
            }
        }
        return cells;
    }

    private static String checksum(Projection projection, boolean source) {
        List<String> values = new ArrayList<>();
        for (String column : projection.comparedColumns()) {
            String expression = source ? projection.selectExpression(column) : projection.targetExpression(column);
            values.add("IFNULL(CONVERT(" + expression + " USING utf8mb4), '\\\\N')");
        }
        return "CRC32(CONCAT_WS('#', " + String.join(", ", values) + "))";
    }

    @Override
    public void close() {
        closeWorkers();
        topology.close();
        for (DatabaseId database : plan.databases()) {
            serverOf(database).dropDatabase(plan.endpoint(database).schema());
        }
        server.dropDatabase(plan.control().schema());
    }
}
