package dev.cutover.core.fence;

import dev.cutover.sandbox.MySqlServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;

/** A database with a fence on the sandbox's shared server, and one table to write to. */
final class FencedDatabase {
    private final MySqlServer server = MySqlServer.shared();
    private final String name = server.createDatabase("fenced");

    FencedDatabase(Role role, Epoch epoch) throws SQLException {
        try (Connection connection = session()) {
            Fence.install(connection, role, epoch, "test");
            connection
                    .createStatement()
                    .execute("CREATE TABLE written (id BIGINT PRIMARY KEY AUTO_INCREMENT, epoch BIGINT NOT NULL)");
        }
    }

    Connection session() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", server.rootUser());
        properties.setProperty("password", server.rootPassword());
        properties.setProperty("allowMultiQueries", "true");
        properties.setProperty("trackSessionState", "true");
        Connection connection = DriverManager.getConnection(server.jdbcUrl(name), properties);
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        return connection;
    }

    FenceState fence() throws SQLException {
        try (Connection connection = session()) {
            return Fence.read(connection);
        }
    }

    long rows() throws SQLException {
        try (Connection connection = session()) {
            return rows(connection);
        }
    }

    static long rows(Connection connection) throws SQLException {
        try (ResultSet row = connection.createStatement().executeQuery("SELECT COUNT(*) FROM written")) {
            row.next();
            return row.getLong(1);
        }
    }

    void execute(String sql) throws SQLException {
        try (Connection connection = session()) {
            connection.createStatement().execute(sql);
        }
    }

    String name() {
        return name;
    }
}
