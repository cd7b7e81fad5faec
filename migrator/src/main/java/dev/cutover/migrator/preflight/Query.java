package dev.cutover.migrator.preflight;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Small questions to a server. Stateless. */
final class Query {
    private Query() {}

    /** The rows, each as its columns' texts; NULL is an empty text. */
    static List<List<String>> rows(Connection connection, String sql, String... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            List<List<String>> rows = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
                int columns = result.getMetaData().getColumnCount();
                while (result.next()) {
                    List<String> row = new ArrayList<>();
                    for (int column = 1; column <= columns; column++) {
                        String value = result.getString(column);
                        row.add(value == null ? "" : value);
                    }
                    rows.add(row);
                }
            }
            return rows;
        }
    }

    /** The first column of the first row; empty without one. */
    static String one(Connection connection, String sql, String... parameters) throws SQLException {
        List<List<String>> rows = rows(connection, sql, parameters);
        return rows.isEmpty() ? "" : rows.get(0).get(0);
    }

    static boolean any(Connection connection, String sql, String... parameters) throws SQLException {
        return !rows(connection, sql, parameters).isEmpty();
    }
}
