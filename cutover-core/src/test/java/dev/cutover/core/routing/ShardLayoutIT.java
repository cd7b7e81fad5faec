package dev.cutover.core.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.sandbox.MySqlServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardLayoutIT {
    private static final int IDS = 1_000_000;
    private static final String NUMBERS = """
            (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d AS i
             FROM digit a, digit b, digit c, digit e, digit f, digit g) numbers""";

    @ParameterizedTest
    @CsvSource({"4, 16, 1, 0", "8, 128, 1, 4294967000", "3, 7, 18446744073, -9223372036854775807"})
    void routesAMillionIdsInSqlAsInJava(int databases, int tables, long factor, long offset) throws SQLException {
        ShardLayout layout = new ShardLayout(databases, tables);
        LongUnaryOperator id = i -> i * factor + offset;
        long[] counts = new long[layout.slots()];
        long[] xors = new long[layout.slots()];
        for (int i = 0; i < IDS; i++) {
            int slot = layout.slot(id.applyAsLong(i));
            counts[slot]++;
            xors[slot] ^= i;
        }

        try (Connection connection = digits()) {
            String key = "(CAST(numbers.i AS SIGNED) * " + factor + " + CAST('" + offset + "' AS SIGNED))";
            String sql = "SELECT " + layout.slotSql(key) + " AS slot, COUNT(*), BIT_XOR(numbers.i) FROM " + NUMBERS
                    + " GROUP BY slot";
            int slots = 0;
            try (ResultSet row = connection.createStatement().executeQuery(sql)) {
                while (row.next()) {
                    slots++;
                    assertThat(row.getLong(2)).isEqualTo(counts[row.getInt(1)]);
                    assertThat(row.getLong(3)).isEqualTo(xors[row.getInt(1)]);
                }
            }
            assertThat(slots).isEqualTo(layout.slots());
        }
    }

    @ParameterizedTest
    @CsvSource({"TINYINT, -7", "INT UNSIGNED, 4294967295", "BIGINT UNSIGNED, 18446744073709551615", "VARCHAR(20), 0042"
    })
    void hashesEveryTypeOfKeyAsItsText(String type, String key) throws SQLException {
        ShardLayout layout = new ShardLayout(8, 128);
        try (Connection connection = digits()) {
            connection.createStatement().execute("CREATE TEMPORARY TABLE keyed (k " + type + ") CHARSET latin1");
            connection.createStatement().execute("INSERT INTO keyed VALUES ('" + key + "'), (NULL)");
            try (ResultSet row = connection
                    .createStatement()
                    .executeQuery("SELECT " + layout.slotSql("k") + " AS slot FROM keyed ORDER BY k IS NULL")) {
                row.next();
                assertThat(row.getInt(1)).isEqualTo(layout.slot(key));
                row.next();
                assertThat(row.getObject(1)).isNull();
            }
        }
    }

    private static Connection digits() throws SQLException {
        Connection connection =
                MySqlServer.shared().connect(MySqlServer.shared().createDatabase("routing"));
        connection.createStatement().execute("CREATE TABLE digit (d INT PRIMARY KEY)");
        connection.createStatement().execute("INSERT INTO digit VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)");
        return connection;
    }
}
