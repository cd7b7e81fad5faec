package dev.cutover.chaos.bank;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Hands out coupon ids on NEW, in blocks taken from the sequence that the hand-over raises. Safe for many threads. */
final class CouponIds {
    private static final int BLOCK = 20;

    private final Topology topology;
    private long epoch;
    private long next;
    private long end;

    CouponIds(Topology topology) {
        this.topology = topology;
    }

    /** An id that nobody was given before; a block of an older epoch is thrown away, for OLD may have gone on above it. */
    synchronized long next(long currentEpoch) throws SQLException {
        if (next == end || epoch != currentEpoch) {
            next = take();
            end = next + BLOCK;
            epoch = currentEpoch;
        }
        return next++;
    }

    private long take() throws SQLException {
        try (Connection meta = topology.database(DatabaseId.META).getConnection();
                Statement statement = meta.createStatement()) {
            statement.executeUpdate("UPDATE id_sequence SET next_value = LAST_INSERT_ID(next_value) + " + BLOCK
                    + " WHERE name = 'coupon'");
            try (ResultSet row = statement.executeQuery("SELECT LAST_INSERT_ID()")) {
                row.next();
                return row.getLong(1);
            }
        }
    }
}
