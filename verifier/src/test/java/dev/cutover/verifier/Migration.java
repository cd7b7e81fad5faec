package dev.cutover.verifier;

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
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.SqlScript;
import dev.cutover.core.topology.Topology;
import dev.cutover.sandbox.MySqlServer;
import dev.cutover.sandbox.mall.MallData;
import dev.cutover.sandbox.mall.MallSchema;
import dev.cutover.sandbox.table.KeyKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The mall and its shards on one mysqld, copied through the projections. */
final class Migration implements AutoCloseable {
    static final String THING = """
            CREATE TABLE %s (
              %s BIGINT NOT NULL PRIMARY KEY, user_id INT ZEROFILL NOT NULL, price DECIMAL(12,4) NULL, weight DOUBLE NULL,
              ratio FLOAT NULL, seen_at DATETIME(3) NULL, born DATE NULL, flags BIT(10) NULL, digest VARBINARY(40) NULL,
              color ENUM('red','green','') NULL, note TEXT CHARACTER SET %s NULL, document JSON NULL, padded CHAR(8) COLLATE utf8mb4_unicode_ci NULL
            ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4""";

    final MigrationPlan plan;
    final Topology topology;
    final ControlDatabase control;
    private final MySqlServer server;
    private final List<String> databases;

    private Migration(
            MySqlServer server,
            List<String> databases,
            MigrationPlan plan,
            Topology topology,
            ControlDatabase control) {
        this.server = server;
        this.databases = databases;
        this.plan = plan;
        this.topology = topology;
        this.control = control;
    }

    static Migration create(int shards, int tables, int userCoupons, int rangeRows) throws SQLException, IOException {
        Migration migration = open(
                shards,
                tables,
                "verify: {rangeRows: " + rangeRows + ", masked: [thing.digest]}\n" + resource("/tables.yaml"));
        migration.createTables(userCoupons);
        return migration;
    }

    /** One table {@code item} with such a key, empty on both sides, and no mall. */
    static Migration ofKey(int shards, int tables, KeyKind key, int rangeRows) throws SQLException {
        Migration migration = open(shards, tables, "verify: {rangeRows: " + rangeRows + "}\n" + key.plan());
        migration.execute(DatabaseId.OLD, key.ddl("item"));
        for (DatabaseId shard : migration.plan.shardDatabases()) {
            for (int table = 0; table < tables; table++) {
                migration.execute(shard, key.ddl(migration.plan.layout().physicalTable("item", table)));
            }
        }
        migration.fence();
        return migration;
    }

    private static Migration open(int shards, int tables, String sections) {
        MySqlServer server = MySqlServer.shared();
        String old = server.createDatabase("mall");
        String meta = server.createDatabase("meta");
        String ctl = server.createDatabase("ctl");
        List<String> all = new ArrayList<>(List.of(old, meta, ctl));
        List<String> shardNames = IntStream.range(0, shards)
                .mapToObj(i -> server.createDatabase("shard"))
                .toList();
        all.addAll(shardNames);
        String base = "jdbc:mysql://" + server.host() + ":" + server.port() + "/";
        String yaml = "apiVersion: cutover/v1\nmigration: verify\n"
                + "old: {url: '" + base + old + "', user: " + server.rootUser() + ", password: '"
                + server.rootPassword() + "'}\n"
                + "new: {user: " + server.rootUser() + ", password: '" + server.rootPassword() + "', meta: '" + base
                + meta
                + "', databases: ["
                + shardNames.stream().map(name -> "'" + base + name + "'").collect(Collectors.joining(", "))
                + "], sharding: {key: user_id, tables: " + tables + "}}\n" + "control: {url: '" + base + ctl + "'}\n"
                + sections;
        MigrationPlan plan = PlanReader.parse(yaml, "test", true);
        Topology topology = Topology.open(plan, "verifier-test");
        ControlDatabase control = new MySqlControlDatabase(topology.control());
        control.install();
        control.initialise(plan);
        return new Migration(server, all, plan, topology, control);
    }

    private void createTables(int userCoupons) throws SQLException {
        try (Connection connection = server.connect(plan.old().schema())) {
            MallSchema.createLegacy(connection);
            MallData.generate(
                    connection,
                    MallData.Options.of(7, Instant.parse("2026-11-01T00:00:00Z"))
                            .withTemplates(40)
                            .withUsers(Math.max(200, userCoupons / 4))
                            .withUserCoupons(userCoupons));
        }
        execute(DatabaseId.OLD, THING.formatted("old_thing", "id", "gbk"));
        for (int i = 1; i <= 60; i++) {
            execute(
                    DatabaseId.OLD,
                    "INSERT INTO old_thing VALUES (" + i + ", " + i * 7 + ", " + i + ".2500, 1e0/" + i + ", 0.1 * " + i
                            + ", '2026-01-02 03:04:05.678' + INTERVAL " + i + " DAY, '2001-02-03', b'101', UNHEX(MD5("
                            + i + ")), " + (i % 3 == 0 ? "NULL" : "'green'") + ", '优惠券 " + i
                            + "', '{\"b\": 1.50, \"a\": "
                            + i + "}', 'p" + i + "')");
            if (i % 2 == 0) {
                execute(
                        DatabaseId.OLD,
                        "INSERT INTO mall_coupon_operation VALUES (" + i * 7 + ", 'op-" + i
                                + "', REPEAT('f', 64), '{}', " + "'2026-01-01 00:00:00')");
            }
        }
        try (Connection connection = topology.database(DatabaseId.META).getConnection()) {
            SqlScript.run(connection, SqlScript.read("sql/coupon/meta.sql").statements());
        }
        for (DatabaseId shard : plan.shardDatabases()) {
            try (Connection connection = topology.database(shard).getConnection()) {
                SqlScript.run(
                        connection,
                        SqlScript.read("sql/coupon/shard.sql")
                                .statements(plan.layout().tables()));
                for (int table = 0; table < plan.layout().tables(); table++) {
                    SqlScript.run(
                            connection,
                            List.of(THING.formatted(
                                    plan.layout().physicalTable("thing", table), "thing_id", "utf8mb4")));
                }
            }
        }
        fence();
    }

    private void fence() throws SQLException {
        for (DatabaseId database : plan.databases()) {
            try (Connection connection = topology.database(database).getConnection()) {
                Fence.install(
                        connection,
                        database.equals(DatabaseId.OLD) ? Role.PRIMARY : Role.REPLICA,
                        new Epoch(1),
                        "test");
            }
        }
    }

    /** Empties NEW and copies the table again. */
    void copy(String name) throws SQLException {
        TablePlan table = plan.table(name);
        Projection projection = Projection.forward(topology, table);
        List<ProjectedRow> rows;
        try (Connection connection = topology.database(DatabaseId.OLD).getConnection()) {
            rows = new RowReader().byRange(connection, projection, table.fromTable(), KeyRange.ALL);
        }
        Map<Integer, List<ProjectedRow>> bySlot = new TreeMap<>();
        int slots = table.dynamic() ? plan.layout().slots() : 1;
        IntStream.range(0, slots).forEach(slot -> bySlot.put(slot, new ArrayList<>()));
        rows.forEach(row ->
                Objects.requireNonNull(bySlot.get(Math.max(0, row.slot()))).add(row));
        RowWriter writer = new RowWriter();
        for (int slot = 0; slot < slots; slot++) {
            List<ProjectedRow> ofSlot = Objects.requireNonNull(bySlot.get(slot));
            try (Connection connection =
                    topology.database(plan.databaseOf(table, slot)).getConnection()) {
                connection.setAutoCommit(false);
                try (Statement statement = connection.createStatement()) {
                    statement.execute("DELETE FROM " + Identifier.quote(plan.physicalTable(table, slot)));
                    if (slot % plan.layout().tables() == 0) {
                        statement.execute("DELETE FROM cutover_quarantine WHERE table_name = '" + name + "'");
                    }
                }
                writer.insert(
                        connection,
                        projection,
                        plan.physicalTable(table, slot),
                        ofSlot.stream().filter(row -> !row.rejected()).toList());
                writer.quarantine(
                        connection,
                        table,
                        ofSlot.stream().filter(ProjectedRow::rejected).toList());
                connection.commit();
                connection.setAutoCommit(true);
            }
        }
    }

    void copyAll() throws SQLException {
        for (TablePlan table : plan.tables()) {
            copy(table.name());
        }
    }

    /** Runs a statement and returns how many rows it changed. */
    int execute(DatabaseId database, String sql) throws SQLException {
        try (Connection connection = topology.database(database).getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
            return statement.getUpdateCount();
        }
    }

    /** The only value a query returns. */
    String value(DatabaseId database, String sql) throws SQLException {
        try (Connection connection = topology.database(database).getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            if (!result.next()) {
                throw new AssertionError("no row: " + sql);
            }
            return String.valueOf(result.getString(1));
        }
    }

    Verifier verifier() {
        return new Verifier(plan, topology, control);
    }

    @Override
    public void close() {
        topology.close();
        databases.forEach(server::dropDatabase);
    }

    private static String resource(String name) throws IOException {
        try (InputStream stream = Objects.requireNonNull(Migration.class.getResourceAsStream(name))) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
