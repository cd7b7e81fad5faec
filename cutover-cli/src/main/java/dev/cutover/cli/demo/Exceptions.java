package dev.cutover.cli.demo;

import dev.cutover.sandbox.mall.Manifest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.TreeSet;

/** Rows that cannot be mapped: those that were planted against those that quarantine holds, by table, key and reason. */
final class Exceptions {
    private Exceptions() {}

    static Set<String> planted(Manifest manifest) {
        Set<String> rows = new TreeSet<>();
        manifest.exceptions()
                .forEach((table, reasons) -> reasons.forEach(
                        (reason, keys) -> keys.forEach(key -> rows.add(table + " " + key + " " + reason))));
        return rows;
    }

    static void read(Connection connection, Set<String> rows) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT table_name, row_key, reason FROM cutover_quarantine")) {
            while (row.next()) {
                rows.add(row.getString(1) + " " + row.getString(2) + " " + row.getString(3));
            }
        }
    }
}
