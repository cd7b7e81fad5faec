package dev.cutover.cli.shop;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.SqlScript;
import dev.cutover.core.topology.Topology;
import dev.cutover.sandbox.MySqlServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;

/** One old, one meta and two shard schemas on the shared server, with a plan file in a folder. */
public final class Shop implements AutoCloseable {
    public static final int TABLES = 2;

    private final Path folder;
    private final MigrationPlan plan;
    private final Topology topology;
    private final ControlDatabase control;
    private final List<Runnable> closing = new ArrayList<>();

    private Shop(Path folder, MigrationPlan plan) {
        this.folder = folder;
        this.plan = plan;
        this.topology = Topology.open(plan, "shop");
        this.control = new MySqlControlDatabase(topology.control());
    }

    /** A server and the port by which it is reached. */
    public record Address(MySqlServer server, int port) {
        static Address shared() {
            return new Address(MySqlServer.shared(), MySqlServer.shared().port());
        }

        private String url(String schema) {
            return "jdbc:mysql://127.0.0.1:" + port + "/" + schema;
        }
    }

    /** Creates the schemas and their tables, and writes the plan; nothing of Cutover is installed. */
    public static Shop create(Path folder, String strategy) throws SQLException {
        return create(folder, strategy, "");
    }

    /** The same with more lines in its plan. */
    public static Shop create(Path folder, String strategy, String more) throws SQLException {
        return create(folder, strategy, more, Address.shared(), Address.shared());
    }

    /** The same with old and the second shard on servers of their own. */
    public static Shop create(Path folder, String strategy, String more, Address oldAddress, Address shardAddress)
            throws SQLException {
        MySqlServer server = MySqlServer.shared();
        String old = oldAddress.server().createDatabase("shop");
        String meta = server.createDatabase("meta");
        String shard0 = server.createDatabase("shard");
        String shard1 = shardAddress.server().createDatabase("shard");
        String control = server.createDatabase("ctl");
        String password = folder.resolve("password").toString();
        String yaml = "apiVersion: cutover/v1\nmigration: shop\nstrategy: " + strategy + "\n"
                + "old: {url: '" + oldAddress.url(old) + "', user: root, password: {file: "
                + password + "}}\n"
                + "new:\n  user: root\n  password: {file: " + password + "}\n  meta: " + url(server, meta)
                + "\n  databases:\n    - " + url(server, shard0) + "\n    - " + shardAddress.url(shard1)
                + "\n  sharding: {key: user_id, tables: " + TABLES + "}\n"
                + "control: {url: '" + url(server, control) + "'}\n" + resource("tables.yaml")
                + more;
        try {
            Files.writeString(folder.resolve("password"), server.rootPassword());
            Files.writeString(folder.resolve("cutover.yaml"), yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Shop shop = new Shop(folder, PlanReader.read(folder.resolve("cutover.yaml")));
        shop.script(DatabaseId.OLD, "dev/cutover/cli/shop/old.sql", 0);
        shop.script(DatabaseId.META, "dev/cutover/cli/shop/meta.sql", 0);
        for (DatabaseId shard : shop.plan.shardDatabases()) {
            shop.script(shard, "dev/cutover/cli/shop/shard.sql", TABLES);
        }
        return shop;
    }

    private void script(DatabaseId database, String resource, int tables) throws SQLException {
        SqlScript script = SqlScript.read(resource);
        try (Connection connection = topology.database(database).getConnection()) {
            SqlScript.run(connection, tables == 0 ? script.statements() : script.statements(tables));
        }
    }

    private static String url(MySqlServer server, String schema) {
        return "jdbc:mysql://" + server.host() + ":" + server.port() + "/" + schema;
    }

    private static String resource(String name) {
        try (InputStream stream = Objects.requireNonNull(Shop.class.getResourceAsStream(name), name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path folder() {
        return folder;
    }

    public MigrationPlan plan() {
        return plan;
    }

    public Topology topology() {
        return topology;
    }

    public ControlDatabase control() {
        return control;
    }

    /** A worker in a thread of its own, until the shop closes. */
    public void startWorker() {
        closing.add(WorkerThread.start(topology, control, "worker-" + UUID.randomUUID())::close);
    }

    /** Writers through a proxy of their own, until the shop closes. */
    public Writers startWriters(int threads) {
        Writers writers = Writers.start(topology, control, threads);
        closing.add(0, writers::close);
        return writers;
    }

    public void execute(DatabaseId database, String... statements) throws SQLException {
        try (Connection connection = topology.database(database).getConnection();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    public long number(DatabaseId database, String sql) throws SQLException {
        try (Connection connection = topology.database(database).getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    /** Every table of every database as a checksum, but for those of running processes: equal pictures, nothing was changed. */
    public Map<String, String> picture() throws SQLException {
        Map<String, String> picture = new TreeMap<>();
        picture(picture, topology.control());
        for (DatabaseId database : plan.databases()) {
            picture(picture, topology.database(database));
        }
        return picture;
    }

    private static void picture(Map<String, String> picture, DataSource database) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            List<String> tables = new ArrayList<>();
            try (ResultSet row = statement.executeQuery("SELECT TABLE_NAME FROM information_schema.TABLES"
                    + " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT IN ('cutover_instance', 'cutover_lease')")) {
                while (row.next()) {
                    tables.add(Identifier.quote(row.getString(1)));
                }
            }
            if (tables.isEmpty()) {
                return;
            }
            try (ResultSet row = statement.executeQuery("CHECKSUM TABLE " + String.join(", ", tables))) {
                while (row.next()) {
                    picture.put(row.getString(1), String.valueOf(row.getString(2)));
                }
            }
        }
    }

    /** The sum of a number over every physical table of the shards. */
    public long overTables(String logicalTable, String what, String where) throws SQLException {
        long sum = 0;
        for (DatabaseId shard : plan.shardDatabases()) {
            for (int table = 0; table < TABLES; table++) {
                sum += number(shard, "SELECT " + what + " FROM " + logicalTable + "_00" + table + " WHERE " + where);
            }
        }
        return sum;
    }

    @Override
    public void close() {
        closing.forEach(Runnable::run);
        topology.close();
    }
}
