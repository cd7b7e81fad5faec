package dev.cutover.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.StoredTable;
import dev.cutover.core.topology.DatabaseId;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;

class StoredTableIT {
    @Test
    void rowsOfEveryTypeComeBackAsTheyWere() throws SQLException, IOException {
        try (Migration migration = Migration.create(1, 2, 1_000, 500)) {
            migration.execute(
                    DatabaseId.OLD,
                    "INSERT INTO old_thing VALUES (0, 7, -0.0001, 1e0/3, 1e-10, '0000-00-00 00:00:00', '0000-00-00',"
                            + " b'1111111111', x'00ff5c27', '', CONCAT('\\\\ \\'\"', CHAR(0, 10, 13, 26)), '[1.0, null, \"优\"]', ' x')");
            String before = migration.value(DatabaseId.OLD, "SELECT COUNT(*) FROM old_thing");
            for (String key : List.of("0", "1", "2", "3")) {
                theSame(migration, key, false);
                theSame(migration, key, true);
            }
            assertThat(migration.value(DatabaseId.OLD, "SELECT COUNT(*) FROM old_thing"))
                    .isEqualTo(before);
        }
    }

    /** Deleted and put back, by parameters or by the statement shown to people. */
    private static void theSame(Migration migration, String id, boolean asText) throws SQLException {
        String checksum = checksum(migration);
        try (Connection connection = migration.topology.database(DatabaseId.OLD).getConnection();
                Statement statement = connection.createStatement()) {
            StoredTable table = StoredTable.read(connection, "old_thing", List.of("id"));
            RowKey key = table.canonical(RowKey.of("00" + id));
            StoredTable.Row row = table.find(connection, key, false).orElseThrow();
            if (asText) {
                statement.executeUpdate(table.deleteSql(key));
                assertThat(checksum(migration)).isNotEqualTo(checksum);
                statement.executeUpdate(table.insertSql(table.columns(), row.values()));
            } else {
                assertThat(table.delete(connection, key)).isTrue();
                assertThat(table.find(connection, key, true)).isEmpty();
                table.insert(connection, row);
            }
            assertThat(row.same(table.find(connection, key, false).orElseThrow()))
                    .isTrue();
        }
        assertThat(checksum(migration)).as(id).isEqualTo(checksum);
    }

    private static String checksum(Migration migration) throws SQLException {
        try (Connection connection = migration.topology.database(DatabaseId.OLD).getConnection();
                Statement statement = connection.createStatement();
                var result = statement.executeQuery("CHECKSUM TABLE old_thing")) {
            result.next();
            return result.getString(2);
        }
    }
}
