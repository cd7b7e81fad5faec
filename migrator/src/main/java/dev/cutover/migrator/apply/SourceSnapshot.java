package dev.cutover.migrator.apply;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * One session on a source that reads rows at least as new as given transactions, all in one snapshot.
 *
 * <p>A transaction is in the binlog a moment before other sessions see its rows: without the wait up to one refetch in twenty missed its row.
 * The wait runs with no snapshot open and for every GTID of the batch, because transactions do not become visible in binlog order.
 *
 * <p>Guarded by the worker's turn.
 */
final class SourceSnapshot implements AutoCloseable {
    private static final int WAIT_SECONDS = 5;

    private final Connection connection;
    private final String server;

    private SourceSnapshot(Connection connection, String server) {
        this.connection = connection;
        this.server = server;
    }

    static SourceSnapshot open(Connection connection) throws SQLException {
        connection.setAutoCommit(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT @@server_uuid")) {
            row.next();
            return new SourceSnapshot(connection, row.getString(1));
        }
    }

    /** Reads in a snapshot. */
    @FunctionalInterface
    interface Reading<T> {
        T read(Connection connection) throws SQLException;
    }

    /** Waits until the transactions are visible, then reads in one snapshot. */
    <T> T read(String gtids, Reading<T> reading) throws SQLException {
        if (!gtids.isEmpty()) {
            waitUntilVisible(gtids);
        }
        run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
        try {
            return reading.read(connection);
        } finally {
            run("COMMIT");
        }
    }

    private void waitUntilVisible(String gtids) throws SQLException {
        try (PreparedStatement wait =
                connection.prepareStatement("SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?), @@server_uuid = ?")) {
            wait.setString(1, gtids);
            wait.setInt(2, WAIT_SECONDS);
            wait.setString(3, server);
            try (ResultSet row = wait.executeQuery()) {
                row.next();
                if (row.getInt(1) != 0 || !row.getBoolean(2)) {
                    throw new ApplyFailedException(
                            "The source does not show the transactions " + gtids + " within " + WAIT_SECONDS
                                    + " s, or is not the server " + server + " any more; the batch was not written.",
                            null);
                }
            }
        }
    }

    private void run(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
