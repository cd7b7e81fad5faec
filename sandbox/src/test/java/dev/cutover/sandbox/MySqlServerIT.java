package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

final class MySqlServerIT {
    @Test
    void answersAsMySqlWithGtidsAndRowBinlog() throws SQLException {
        MySqlServer server = MySqlServer.shared();
        assertThat(one(server, "SELECT @@version")).startsWith("8.0.15");
        assertThat(one(server, "SELECT @@gtid_mode")).isEqualTo("ON");
        assertThat(one(server, "SELECT @@binlog_format")).isEqualTo("ROW");
    }

    private static String one(MySqlServer server, String sql) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
