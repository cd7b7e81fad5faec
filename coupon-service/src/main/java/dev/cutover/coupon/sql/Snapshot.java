package dev.cutover.coupon.sql;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** Several statements that see one moment of their database. */
public final class Snapshot {
    private Snapshot() {}

    /** What is read of that moment. */
    @FunctionalInterface
    public interface Reading<T> {
        T read() throws SQLException;
    }

    /** Reads while everybody goes on writing; the connection is left as it was. */
    public static <T> T of(Connection connection, Reading<T> reading) throws SQLException {
        int isolation = connection.getTransactionIsolation();
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (Statement snapshot = connection.createStatement()) {
            snapshot.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
            T read = reading.read();
            snapshot.execute("COMMIT");
            return read;
        } finally {
            connection.setTransactionIsolation(isolation);
        }
    }
}
