package dev.cutover.coupon.backoffice;

import dev.cutover.core.fence.Epoch;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.stock.SliceAllotment;
import dev.cutover.coupon.stock.SlicePlan;
import dev.cutover.coupon.stock.SliceStock;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.stock.StockLots;
import dev.cutover.coupon.transfer.StockDatabases;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * An adjustment's part in each shard database: a row that is locked before the slices are touched and says what was done, so that a part
 * is done once however many work on it. Safe for many threads.
 */
final class AdjustmentLegs {
    private static final String LEG = "adjustment_leg";

    private final StockDatabases databases;
    private final SlicePlan slices;

    /**
     * What one database has done.
     *
     * @param quantity pieces added or taken so far
     * @param closed whether they were given back
     * @param asked whether it was this call that asked the slices
     */
    record Leg(long quantity, boolean closed, boolean asked) {}

    private record Row(long quantity, int round, boolean closed) {}

    AdjustmentLegs(StockDatabases databases, SlicePlan slices) {
        this.databases = databases;
        this.slices = slices;
    }

    /** Adds this database's share. */
    Leg add(Epoch epoch, Adjustment adjustment, int database, Duration budget) {
        return databases.fenced(database, epoch, budget, connection -> {
            Row row = locked(connection, adjustment);
            if (row.round() > 0) {
                return new Leg(row.quantity(), row.closed(), false);
            }
            SliceAllotment.add(connection, adjustment.stock(), slices, database, adjustment.pieces());
            long share = slices.share(adjustment.pieces(), database);
            write(connection, adjustment, share, 1, false);
            return new Leg(share, false, true);
        });
    }

    /** Takes up to {@code missing} pieces, once a round. */
    Leg take(Epoch epoch, Adjustment adjustment, int database, int round, long missing, Duration budget) {
        return databases.fenced(database, epoch, budget, connection -> {
            Row row = locked(connection, adjustment);
            if (row.closed() || row.round() >= round) {
                return new Leg(row.quantity(), row.closed(), false);
            }
            long taken = missing == 0 ? 0 : takeOut(connection, adjustment.stock(), missing);
            write(connection, adjustment, row.quantity() + taken, round, false);
            return new Leg(row.quantity() + taken, false, true);
        });
    }

    /** From all that this database has, also what a counter was given. */
    private static long takeOut(Connection connection, StockId stock, long missing) throws SQLException {
        if (stock.kind() == StockId.Kind.COUPONS) {
            var unused = StockLots.close(connection, stock.template());
        }
        return SliceStock.takeOut(connection, stock, missing);
    }

    /** Puts back what was taken, and lets nothing more be taken. */
    void giveBack(Epoch epoch, Adjustment adjustment, int database, Duration budget) {
        databases.fenced(database, epoch, budget, connection -> {
            Row row = locked(connection, adjustment);
            if (!row.closed()) {
                if (row.quantity() > 0) {
                    SliceStock.putIn(connection, adjustment.stock(), row.quantity());
                }
                write(connection, adjustment, 0, row.round(), true);
            }
            return true;
        });
    }

    // An insert that changes nothing locks the row all the same, whether it was there or not.
    private static Row locked(Connection connection, Adjustment adjustment) throws SQLException {
        Sql.update(
                connection,
                "INSERT INTO " + adjustment.stock().table(LEG)
                        + " (adjustment_id, template_id, quantity, round, closed)"
                        + " VALUES (?, ?, 0, 0, 0) ON DUPLICATE KEY UPDATE adjustment_id = adjustment_id",
                adjustment.id(),
                adjustment.template().number());
        return Sql.first(
                        connection,
                        row -> new Row(row.getLong(1), row.getInt(2), row.getBoolean(3)),
                        "SELECT quantity, round, closed FROM "
                                + adjustment.stock().table(LEG) + " WHERE adjustment_id = ?",
                        adjustment.id())
                .orElseThrow();
    }

    private static void write(Connection connection, Adjustment adjustment, long quantity, int round, boolean closed)
            throws SQLException {
        Sql.update(
                connection,
                "UPDATE " + adjustment.stock().table(LEG)
                        + " SET quantity = ?, round = ?, closed = ? WHERE adjustment_id = ?",
                quantity,
                round,
                closed,
                adjustment.id());
    }
}
