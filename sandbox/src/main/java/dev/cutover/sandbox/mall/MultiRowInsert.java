package dev.cutover.sandbox.mall;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Inserts rows a thousand a statement, and commits now and then. Owned by one thread; close to write the last rows. */
final class MultiRowInsert implements AutoCloseable {
    private static final int ROWS_A_STATEMENT = 1_000;
    private static final int STATEMENTS_A_COMMIT = 20;

    private final Connection connection;
    private final String table;
    private final List<String> columns;
    private final List<@Nullable Object[]> waiting = new ArrayList<>();
    private final PreparedStatement full;
    private long written;

    MultiRowInsert(Connection connection, String table, String... columns) throws SQLException {
        this.connection = connection;
        this.table = table;
        this.columns = List.of(columns);
        this.full = connection.prepareStatement(sql(ROWS_A_STATEMENT));
    }

    void row(@Nullable Object... values) throws SQLException {
        if (values.length != columns.size()) {
            throw new IllegalArgumentException(
                    table + " is written with " + columns.size() + " columns, not " + values.length + ".");
        }
        waiting.add(values);
        written++;
        if (waiting.size() == ROWS_A_STATEMENT) {
            send(full);
            if (written % ((long) ROWS_A_STATEMENT * STATEMENTS_A_COMMIT) == 0) {
                connection.commit();
            }
        }
    }

    long written() {
        return written;
    }

    @Override
    public void close() throws SQLException {
        try {
            if (!waiting.isEmpty()) {
                try (PreparedStatement rest = connection.prepareStatement(sql(waiting.size()))) {
                    send(rest);
                }
            }
            connection.commit();
        } finally {
            full.close();
        }
    }

    private void send(PreparedStatement statement) throws SQLException {
        int parameter = 1;
        for (@Nullable Object[] row : waiting) {
            for (Object value : row) {
                statement.setObject(parameter++, value);
            }
        }
        statement.executeUpdate();
        waiting.clear();
    }

    private String sql(int rows) {
        String row = "(" + String.join(",", Collections.nCopies(columns.size(), "?")) + ")";
        return "INSERT INTO " + table + " (" + String.join(",", columns) + ") VALUES "
                + String.join(",", Collections.nCopies(rows, row));
    }
}
