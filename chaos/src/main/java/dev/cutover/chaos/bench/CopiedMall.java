package dev.cutover.chaos.bench;

import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.Role;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.row.RowWriter;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.SqlScript;
import dev.cutover.core.topology.Topology;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.mall.MallData;
import dev.cutover.sandbox.mall.MallSchema;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The mall on one server and a copy of its coupons on two, with nobody writing. Owned by one thread. */
final class CopiedMall implements AutoCloseable {
    private static final long SEED = 20_261_122;
    static final Shards USUAL = new Shards(4, 16);
    private static final String USER = "cutover";
    private static final String PLAN = "/dev/cutover/cli/demo/cutover.yaml.template";

    /** So many databases, spread over two servers, of so many tables each. */
    record Shards(int databases, int tables) {}

    private final List<MySqlServer> servers;
    private final MigrationPlan plan;
    private final Topology topology;
    private final ControlDatabase control;

    private CopiedMall(List<MySqlServer> servers, MigrationPlan plan, Topology topology, ControlDatabase control) {
        this.servers = List.copyOf(servers);
        this.plan = plan;
        this.topology = topology;
        this.control = control;
    }

    /** Starts the servers, fills the mall with so many coupons and copies this table of the coupon plan. */
    static CopiedMall start(Path folder, int coupons, String table) {
        CopiedMall mall = empty(folder, coupons, USUAL);
        try {
            mall.copy(mall.plan.table(table));
            return mall;
        } catch (SQLException e) {
            mall.close();
            throw failed(e);
        } catch (RuntimeException e) {
            mall.close();
            throw e;
        }
    }

    /** The same with nothing copied yet. */
    static CopiedMall empty(Path folder, int coupons, Shards shards) {
        List<MySqlServer> servers = new ArrayList<>();
        try {
            for (String name : List.of("legacy", "new-0", "new-1")) {
                servers.add(MySqlServer.start(MySqlServer.Options.named(name)
                        .withParent(folder)
                        .withFlags("--innodb-buffer-pool-size=512M")));
            }
            MigrationPlan plan = plan(folder, servers, shards);
            Topology topology = Topology.open(plan, "bench");
            ControlDatabase control = new MySqlControlDatabase(topology.control());
            CopiedMall mall = new CopiedMall(servers, plan, topology, control);
            mall.fill(coupons);
            control.install();
            control.initialise(plan);
            return mall;
        } catch (SQLException | IOException e) {
            servers.forEach(MySqlServer::close);
            throw failed(e);
        } catch (RuntimeException e) {
            servers.forEach(MySqlServer::close);
            throw e;
        }
    }

    private static ChaosFailedException failed(Exception e) {
        return new ChaosFailedException("The mall could not be set up and copied: " + e.getMessage(), e);
    }

    /** What the commands do up to dual writing, as far as a worker needs it: from here on it streams, and copies when it is asked to. */
    void intoDualWrite() throws SQLException {
        Register before = control.read();
        try (Connection old = topology.database(DatabaseId.OLD).getConnection()) {
            Fence.recordStart(old, before.epoch());
        }
        if (!control.compareAndSet(
                before,
                before.withStage(Stage.DUAL_WRITE).withMirror(true),
                new EventDraft("bench", "bench", "moved by a bench", "", "", null, null))) {
            throw new ChaosFailedException("The register was moved by somebody else.", null);
        }
    }

    private static MigrationPlan plan(Path folder, List<MySqlServer> servers, Shards shards) throws IOException {
        Path password =
                Files.writeString(folder.resolve("password"), servers.get(0).rootPassword() + "\n");
        servers.get(0).execute("CREATE DATABASE mall DEFAULT CHARACTER SET utf8");
        servers.get(1).execute("CREATE DATABASE coupon_meta", "CREATE DATABASE cutover_ctl");
        for (int database = 0; database < shards.databases(); database++) {
            servers.get(1 + database / (shards.databases() / 2)).execute("CREATE DATABASE coupon_db_" + database);
        }
        for (MySqlServer server : servers) {
            server.execute(
                    "CREATE USER '" + USER + "'@'%' IDENTIFIED WITH mysql_native_password BY '"
                            + servers.get(0).rootPassword() + "'",
                    "GRANT ALL ON *.* TO '" + USER + "'@'%'");
        }
        try (InputStream template = Objects.requireNonNull(CopiedMall.class.getResourceAsStream(PLAN), PLAN)) {
            Path file = folder.resolve("cutover.yaml");
            Files.writeString(
                    file,
                    new String(template.readAllBytes(), StandardCharsets.UTF_8)
                            .replace(
                                    "@OLD_PORT@",
                                    Integer.toString(servers.get(0).port()))
                            .replace(
                                    "@NEW_0_PORT@",
                                    Integer.toString(servers.get(1).port()))
                            .replace(
                                    "@NEW_1_PORT@",
                                    Integer.toString(servers.get(2).port()))
                            .replace("@NEW_0_FIRST@", "0")
                            .replace("@NEW_0_LAST@", Integer.toString(shards.databases() / 2 - 1))
                            .replace("@NEW_1_FIRST@", Integer.toString(shards.databases() / 2))
                            .replace("@NEW_1_LAST@", Integer.toString(shards.databases() - 1))
                            .replace("@TABLES@", Integer.toString(shards.tables()))
                            .replace("@PASSWORD_FILE@", password.toString()));
            return PlanReader.read(file);
        }
    }

    private void fill(int coupons) throws SQLException {
        try (Connection connection = servers.get(0).connect("mall")) {
            MallSchema.createLegacy(connection);
            MallData.generate(
                    connection,
                    MallData.Options.of(SEED, Instant.now())
                            .withUserCoupons(coupons)
                            .withUsers(Math.max(200, coupons / 4)));
        }
        for (DatabaseId database : plan.databases()) {
            try (Connection connection = topology.database(database).getConnection()) {
                if (database.equals(DatabaseId.META)) {
                    SqlScript.run(
                            connection, SqlScript.read("sql/coupon/meta.sql").statements());
                } else if (!database.equals(DatabaseId.OLD)) {
                    SqlScript.run(
                            connection,
                            SqlScript.read("sql/coupon/shard.sql")
                                    .statements(plan.layout().tables()));
                }
                Fence.install(
                        connection,
                        database.equals(DatabaseId.OLD) ? Role.PRIMARY : Role.REPLICA,
                        new Epoch(1),
                        "bench");
            }
        }
    }

    private void copy(TablePlan table) throws SQLException {
        Projection projection = Projection.forward(topology, table);
        RowReader reader = new RowReader();
        try (Connection source = topology.database(DatabaseId.OLD).getConnection()) {
            for (KeyRange range : reader.ranges(
                    source, projection, table.fromTable(), plan.verify().rangeRows())) {
                write(table, projection, reader.byRange(source, projection, table.fromTable(), range));
            }
        }
    }

    private void write(TablePlan table, Projection projection, List<ProjectedRow> rows) throws SQLException {
        RowWriter writer = new RowWriter();
        Map<DatabaseId, List<ProjectedRow>> byDatabase = rows.stream()
                .collect(Collectors.groupingBy(
                        row -> plan.databaseOf(table, Math.max(0, row.slot())), TreeMap::new, Collectors.toList()));
        for (Map.Entry<DatabaseId, List<ProjectedRow>> part : byDatabase.entrySet()) {
            try (Connection target = topology.units(part.getKey()).getConnection()) {
                Map<Boolean, List<ProjectedRow>> rejected =
                        part.getValue().stream().collect(Collectors.partitioningBy(ProjectedRow::rejected));
                writer.quarantine(target, table, rejected.getOrDefault(true, List.of()));
                Map<Integer, List<ProjectedRow>> bySlot = rejected.getOrDefault(false, List.of()).stream()
                        .collect(Collectors.groupingBy(ProjectedRow::slot));
                for (Map.Entry<Integer, List<ProjectedRow>> slot : bySlot.entrySet()) {
                    writer.insert(target, projection, plan.physicalTable(table, slot.getKey()), slot.getValue());
                }
                target.commit();
            }
        }
    }

    MigrationPlan plan() {
        return plan;
    }

    Topology topology() {
        return topology;
    }

    ControlDatabase control() {
        return control;
    }

    /** The processes whose work a comparison is. */
    List<ProcessHandle> servers() {
        return servers.stream().map(MySqlServer::process).toList();
    }

    @Override
    public void close() {
        topology.close();
        servers.forEach(MySqlServer::close);
    }
}
