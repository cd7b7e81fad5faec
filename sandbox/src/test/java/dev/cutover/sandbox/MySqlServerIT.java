package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MySqlServerIT {
    @TempDir
    private Path parent;

    @Test
    void runsWithTheFlagsThatAMigrationNeeds() throws SQLException {
        MySqlServer server = MySqlServer.shared();
        assertThat(one(server, "SELECT @@version")).startsWith("8.0.15");
        assertThat(one(
                        server,
                        "SELECT CONCAT_WS(' ', @@gtid_mode, @@enforce_gtid_consistency, @@log_bin, @@binlog_format, "
                                + "@@binlog_row_image, @@sync_binlog, @@innodb_flush_log_at_trx_commit)"))
                .isEqualTo("ON ON 1 ROW FULL 1 1");
        assertThat(one(
                        server,
                        "SELECT CONCAT_WS(' ', @@log_bin_trust_function_creators, @@max_connections, @@performance_schema,"
                                + " @@skip_name_resolve, @@time_zone, @@bind_address, @@server_id = @@port)"))
                .isEqualTo("1 400 1 1 +00:00 127.0.0.1 1");
        assertThat(server.jdbcUrl("mall")).startsWith("jdbc:mysql://127.0.0.1:" + server.port() + "/mall");
        assertThat(server.jdbcUrl("mall")).doesNotContain(server.rootPassword());
    }

    @Test
    void givesEachTestADatabaseOfItsOwn() throws SQLException {
        MySqlServer server = MySqlServer.shared();
        String first = server.createDatabase("mall");
        String second = server.createDatabase("mall");
        assertThat(first).isNotEqualTo(second).startsWith("mall_");
        try (Connection connection = server.connect(first)) {
            assertThat(connection.getCatalog()).isEqualTo(first);
        }
        server.dropDatabase(first);
        server.dropDatabase(second);
        assertThatThrownBy(() -> server.createDatabase("x`; DROP")).isInstanceOf(SandboxException.class);
    }

    @Test
    void keepsWhatWasCommittedOverAKillAndARestartOnTheSamePort() throws SQLException {
        try (MySqlServer server = MySqlServer.start("crash")) {
            int port = server.port();
            String database = server.createDatabase("crash");
            server.execute(
                    "CREATE TABLE " + database + ".t (id INT PRIMARY KEY)",
                    "INSERT INTO " + database + ".t VALUES (7)");
            String gtids = one(server, "SELECT @@gtid_executed");

            server.kill();
            assertThat(server.isRunning()).isFalse();
            assertThatThrownBy(server::connect).isInstanceOf(SQLException.class);

            server.restart();
            assertThat(server.port()).isEqualTo(port);
            assertThat(one(server, "SELECT id FROM " + database + ".t")).isEqualTo("7");
            assertThat(one(server, "SELECT @@gtid_executed")).isEqualTo(gtids);
        }
    }

    @Test
    void hangsWhileStoppedAndAnswersAfterwards() throws Exception {
        try (MySqlServer server = MySqlServer.start("hang")) {
            server.stopProcess();
            assertThatThrownBy(() -> connectWithin(server, Duration.ofMillis(500)))
                    .isInstanceOf(SQLException.class);
            // The kernel still accepts: that is what makes a hanging server worse than a dead one.
            new Socket(server.host(), server.port()).close();
            server.resumeProcess();
            assertThat(one(server, "SELECT 1")).isEqualTo("1");
            server.stopProcess();
            server.close();
            assertThat(server.process().isAlive()).isFalse();
        }
    }

    @Test
    void leavesNothingBehindWhenClosed() {
        MySqlServer server = MySqlServer.start(MySqlServer.Options.named("gone").withParent(parent));
        assertThat(server.folder()).isDirectory().hasParent(parent);
        server.close();
        assertThat(server.process().isAlive()).isFalse();
        assertThat(parent).isEmptyDirectory();
        server.close();
    }

    @Test
    void goesOnWithTheDataOfAKeptFolderAndIsAServerOfItsOwn() throws SQLException {
        MySqlServer.Options options =
                MySqlServer.Options.named("kept").withParent(parent).withKeep(true);
        String uuid;
        try (MySqlServer server = MySqlServer.start(options)) {
            server.execute("CREATE DATABASE still_here");
            uuid = one(server, "SELECT @@server_uuid");
            assertThat(uuid).isNotEqualTo(one(MySqlServer.shared(), "SELECT @@server_uuid"));
        }
        assertThat(parent.resolve("kept").resolve("data")).isDirectory();
        try (MySqlServer server = MySqlServer.start(options.withFlags("--max-connections=37"))) {
            assertThat(one(server, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'still_here'"))
                    .isEqualTo("1");
            assertThat(one(server, "SELECT @@server_uuid")).isEqualTo(uuid);
            assertThat(one(server, "SELECT @@max_connections")).isEqualTo("37");
        }
    }

    @Test
    void showsTheErrorLogOfAServerThatDoesNotStart() throws Exception {
        assertThatThrownBy(() -> MySqlServer.start(
                        MySqlServer.Options.named("refused").withParent(parent).withFlags("--no-such-flag=1")))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("mysqld 'refused' did not start")
                .hasMessageContaining("no-such-flag");
        assertThat(parent).isEmptyDirectory();
        assertThat(Files.exists(parent)).isTrue();
    }

    @Test
    void doesNotTakeAnotherServerForItsOwnWhenThePortIsTaken() {
        int taken = MySqlServer.shared().port();
        assertThatThrownBy(() -> MySqlServer.start(
                        MySqlServer.Options.named("late").withParent(parent).withPort(taken)))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("port " + taken + " is taken");
    }

    private static void connectWithin(MySqlServer server, Duration bound) throws SQLException {
        Properties login = new Properties();
        login.setProperty("user", server.rootUser());
        login.setProperty("password", server.rootPassword());
        login.setProperty("connectTimeout", String.valueOf(bound.toMillis()));
        login.setProperty("socketTimeout", String.valueOf(bound.toMillis()));
        DriverManager.getConnection(server.jdbcUrl(""), login).close();
    }

    private static String one(MySqlServer server, String sql) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }
}
