package dev.cutover.core.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.sandbox.MySqlServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

class TopologyIT {
    private final MySqlServer server = MySqlServer.shared();
    private final String schema = server.createDatabase("topology");
    private final String shard = server.createDatabase("topology_shard");

    @Test
    void pinsEverySessionAlike() throws SQLException {
        try (Topology topology = Topology.open(plan(server.rootPassword(), server.port()), "core-test")) {
            List<Connection> sessions = new ArrayList<>(List.of(
                    topology.database(DatabaseId.OLD).getConnection(),
                    topology.pinned(DatabaseId.OLD),
                    topology.pinnedMulti(DatabaseId.OLD)));
            for (Connection session : sessions) {
                try (session;
                        ResultSet row = session.createStatement()
                                .executeQuery(
                                        "SELECT @@time_zone, @@foreign_key_checks, @@transaction_isolation, @@character_set_results,"
                                                + " @@collation_connection, DATABASE(), @@sql_mode, @@autocommit")) {
                    row.next();
                    assertThat(row.getString(1)).isEqualTo("+00:00");
                    assertThat(row.getInt(2)).isZero();
                    assertThat(row.getString(3)).isEqualTo("READ-COMMITTED");
                    assertThat(row.getString(4)).isEqualTo("utf8mb4");
                    assertThat(row.getString(5)).isEqualTo("utf8mb4_0900_ai_ci");
                    assertThat(row.getString(6)).isEqualTo(schema);
                    assertThat(row.getString(7).split(","))
                            .containsExactlyInAnyOrder(
                                    "STRICT_ALL_TABLES",
                                    "STRICT_TRANS_TABLES",
                                    "ERROR_FOR_DIVISION_BY_ZERO",
                                    "NO_AUTO_VALUE_ON_ZERO",
                                    "NO_ENGINE_SUBSTITUTION");
                    assertThat(row.getInt(8)).isOne();
                }
            }
            assertThat(topology.database(DatabaseId.OLD)).isSameAs(topology.database(DatabaseId.OLD));
        }
    }

    @Test
    void takesSeveralStatementsOnlyWhereAskedTo() throws SQLException {
        try (Topology topology = Topology.open(plan(server.rootPassword(), server.port()), "core-test");
                Connection multi = topology.pinnedMulti(DatabaseId.OLD);
                Connection single = topology.pinned(DatabaseId.OLD)) {
            multi.createStatement().execute("SET @a = 1; SET @b = 2");
            assertThatThrownBy(() -> single.createStatement().execute("SET @a = 1; SET @b = 2"))
                    .isInstanceOf(SQLException.class);
        }
    }

    @Test
    void keepsTheStatementsOfUnitsOnOldPreparedAndNoOthers() throws SQLException {
        try (Topology topology = Topology.preparing(plan(server.rootPassword(), server.port()), "core-test", 8)) {
            assertThat(preparedFor(topology.units(DatabaseId.OLD))).isEqualTo(1);
            assertThat(preparedFor(topology.mirrors(DatabaseId.OLD))).isZero();
            assertThat(preparedFor(topology.database(DatabaseId.OLD))).isZero();
            assertThat(preparedFor(topology.units(DatabaseId.shard(0)))).isZero();
            assertThat(topology.mirrors(DatabaseId.shard(0))).isSameAs(topology.units(DatabaseId.shard(0)));
        }
    }

    @Test
    void sendsAsTextWhatTheServerRefusesToPrepare() throws SQLException {
        try (Topology topology = Topology.preparing(plan(server.rootPassword(), server.port()), "core-test", 8);
                Connection admin = topology.pinned(DatabaseId.OLD)) {
            try {
                admin.createStatement().execute("SET GLOBAL max_prepared_stmt_count = 0");
                assertThat(preparedFor(topology.units(DatabaseId.OLD))).isZero();
            } finally {
                admin.createStatement().execute("SET GLOBAL max_prepared_stmt_count = DEFAULT");
            }
        }
    }

    /** How many statements the server prepared for one that was executed three times. */
    private static int preparedFor(DataSource source) throws SQLException {
        try (Connection session = source.getConnection()) {
            for (int i = 0; i < 3; i++) {
                try (PreparedStatement select = session.prepareStatement("SELECT ? + 1")) {
                    select.setInt(1, i);
                    try (ResultSet row = select.executeQuery()) {
                        assertThat(row.next()).isTrue();
                        assertThat(row.getInt(1)).isEqualTo(i + 1);
                    }
                }
            }
            try (Statement status = session.createStatement();
                    ResultSet row = status.executeQuery("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'")) {
                assertThat(row.next()).isTrue();
                return row.getInt(2);
            }
        }
    }

    @Test
    void saysWhichDatabaseCannotBeReachedAndNeverThePassword() {
        try (Topology closed = Topology.open(plan("c4nary", 1), "core-test");
                Topology wrong = Topology.open(plan("c4nary", server.port()), "core-test")) {
            assertThatThrownBy(() -> closed.pinned(DatabaseId.OLD))
                    .isInstanceOf(UnreachableException.class)
                    .hasMessageStartingWith(
                            "The database old (127.0.0.1:1/" + schema + ") cannot be reached as user 'root'");
            assertThatThrownBy(() -> closed.database(DatabaseId.OLD).getConnection())
                    .isInstanceOf(UnreachableException.class)
                    .hasMessageContaining("127.0.0.1:1");
            assertThatThrownBy(() -> wrong.pinned(DatabaseId.OLD))
                    .isInstanceOf(UnreachableException.class)
                    .hasMessageContaining("Access denied")
                    .message()
                    .doesNotContain("c4nary");
        }
    }

    @Test
    void namesOneStreamAServer() {
        MigrationPlan plan = PlanReader.parse("""
                apiVersion: cutover/v1
                migration: streams
                old: {url: "jdbc:mysql://a:3306/mall", user: u, password: {env: NONE}}
                new:
                  user: u
                  password: {env: NONE}
                  meta: jdbc:mysql://b:3306/meta
                  databases: ["jdbc:mysql://b:3306/s_{0..1}", "jdbc:mysql://c:3306/s_{2..3}"]
                  sharding: {key: user_id, tables: 4}
                control: {url: "jdbc:mysql://b:3306/ctl"}
                tables:
                  - {name: t, kind: static, from: {table: o, key: [id]}, key: {id: "{id}"}}
                """, "streams.yaml", false);
        try (Topology topology = Topology.open(plan, "core-test")) {
            assertThat(topology.servers(Side.OLD))
                    .containsExactly(new ServerAddress("old", "a", 3306, List.of(DatabaseId.OLD)));
            assertThat(topology.servers(Side.NEW))
                    .containsExactly(
                            new ServerAddress(
                                    "new-0",
                                    "b",
                                    3306,
                                    List.of(DatabaseId.META, DatabaseId.shard(0), DatabaseId.shard(1))),
                            new ServerAddress("new-1", "c", 3306, List.of(DatabaseId.shard(2), DatabaseId.shard(3))));
        }
    }

    private MigrationPlan plan(String password, int port) {
        String at = "jdbc:mysql://127.0.0.1:" + port + "/";
        return PlanReader.parse(
                """
                apiVersion: cutover/v1
                migration: topology
                old: {url: "%s%s", user: root, password: '%s'}
                new: {user: root, password: '%s', meta: "%smeta", databases: ["%s%s"], sharding: {key: user_id, tables: 1}}
                control: {url: "%sctl"}
                tables:
                  - {name: t, kind: static, from: {table: o, key: [id]}, key: {id: "{id}"}}
                """.formatted(at, schema, password, password, at, at, shard, at), "topology.yaml", true);
    }
}
