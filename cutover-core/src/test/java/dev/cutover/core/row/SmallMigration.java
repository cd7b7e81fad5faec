package dev.cutover.core.row;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.SqlScript;
import dev.cutover.core.topology.Topology;
import dev.cutover.sandbox.MySqlServer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A plan over scratch databases of the sandbox's shared server: two shard databases of two physical tables. */
final class SmallMigration implements AutoCloseable {
    private final Topology topology;

    private SmallMigration(String tablesYaml) {
        MySqlServer server = MySqlServer.shared();
        String login = "user: " + server.rootUser() + "\n  password: '" + server.rootPassword() + "'";
        String yaml = """
                apiVersion: cutover/v1
                migration: small
                old:
                  url: %s
                  %s
                new:
                  %s
                  meta: %s
                  databases: [%s, %s]
                  sharding: {key: user_id, tables: 2}
                control: {url: %s}
                """.formatted(url("old"), login, login, url("meta"), url("shard"), url("shard"), url("ctl"));
        topology = Topology.open(PlanReader.parse(yaml + tablesYaml, "small.yaml", true), "core-test");
    }

    /** Over empty databases. */
    static SmallMigration of(String tablesYaml) throws SQLException {
        SmallMigration migration = new SmallMigration(tablesYaml);
        for (DatabaseId id : migration.plan().databases()) {
            migration.execute(id, SqlScript.read("sql/fence/fence.sql").statements());
        }
        return migration;
    }

    /** The coupon plan over the mall's and the coupon service's own tables. */
    static SmallMigration coupon() throws SQLException {
        String yaml = resource("/plan/coupon.yaml");
        String tables = yaml.substring(yaml.indexOf("tables:\n"), yaml.indexOf("handover:"));
        SmallMigration migration = of(tables);
        migration.execute(DatabaseId.OLD, SqlScript.read("sql/mall/schema.sql").statements());
        migration.execute(DatabaseId.META, SqlScript.read("sql/coupon/meta.sql").statements());
        for (DatabaseId shard : migration.plan().shardDatabases()) {
            migration.execute(shard, SqlScript.read("sql/coupon/shard.sql").statements(2));
        }
        return migration;
    }

    Topology topology() {
        return topology;
    }

    MigrationPlan plan() {
        return topology.plan();
    }

    Connection session(DatabaseId id) {
        return topology.pinned(id);
    }

    void execute(DatabaseId id, String... statements) throws SQLException {
        execute(id, List.of(statements));
    }

    void execute(DatabaseId id, List<String> statements) throws SQLException {
        try (Connection connection = session(id);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** All rows of a query, each value as text. */
    List<String> rows(DatabaseId id, String sql) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection connection = session(id);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            ResultSetMetaData metaData = row.getMetaData();
            while (row.next()) {
                StringBuilder text = new StringBuilder();
                for (int i = 1; i <= metaData.getColumnCount(); i++) {
                    byte[] value = row.getBytes(i);
                    text.append(i == 1 ? "" : " | ")
                            .append(value == null ? "NULL" : new String(value, StandardCharsets.UTF_8));
                }
                rows.add(text.toString());
            }
        }
        return rows;
    }

    private static String url(String name) {
        MySqlServer server = MySqlServer.shared();
        return "jdbc:mysql://" + server.host() + ":" + server.port() + "/" + server.createDatabase("row_" + name);
    }

    private static String resource(String name) {
        try (InputStream stream = Objects.requireNonNull(SmallMigration.class.getResourceAsStream(name))) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        topology.close();
    }
}
