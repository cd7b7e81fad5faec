package dev.cutover.coupon.stock;

import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Takes stock from the slices of one database, inside the caller's transaction.
 *
 * <p>One slice at random is asked first, then each of the others; a slice that cannot give is not kept locked, because at READ COMMITTED
 * InnoDB gives up the lock of a row that the WHERE clause refused. Only when no single slice holds enough are several locked, in
 * ascending order, and the wanted number is gathered; whoever gathers holds no slice before, so nobody waits in a circle.
 */
public final class SliceStock {
    private static final String IF_THERE = " AND remaining >= ?";

    private SliceStock() {}

    /** Whether {@code quantity} were taken; when not, nothing was. */
    public static boolean take(Connection connection, StockId stock, long quantity) throws SQLException {
        return take(connection, stock, quantity, IF_THERE);
    }

    /** The twin of {@link #take} that takes what it has seen, whether it is still there or not; only for tests that must fail on it. */
    public static boolean takeUnasked(Connection connection, StockId stock, long quantity) throws SQLException {
        return take(connection, stock, quantity, " AND ? IS NOT NULL");
    }

    private static boolean take(Connection connection, StockId stock, long quantity, String condition)
            throws SQLException {
        List<Integer> able = Sql.list(
                connection,
                row -> row.getInt(1),
                "SELECT slice_no FROM " + stock.table("slice")
                        + " WHERE template_id = ? AND remaining >= ? ORDER BY slice_no",
                stock.template().number(),
                quantity);
        int start = able.isEmpty() ? 0 : ThreadLocalRandom.current().nextInt(able.size());
        for (int i = 0; i < able.size(); i++) {
            if (decrement(connection, stock, able.get((start + i) % able.size()), quantity, condition)) {
                return true;
            }
        }
        return gather(connection, stock, quantity, false) == quantity;
    }

    /** Takes as many as there are, up to {@code quantity}, out of the database: the slices' allotment shrinks too. */
    public static long takeOut(Connection connection, StockId stock, long quantity) throws SQLException {
        return gather(connection, stock, quantity, true);
    }

    /** Adds stock that came from another database, or that came back. */
    public static void putIn(Connection connection, StockId stock, long quantity) throws SQLException {
        int slice = Sql.first(
                        connection,
                        row -> row.getInt(1),
                        "SELECT slice_no FROM " + stock.table("slice")
                                + " WHERE template_id = ? ORDER BY RAND() LIMIT 1",
                        stock.template().number())
                .orElse(0);
        Sql.update(
                connection,
                "INSERT INTO " + stock.table("slice")
                        + " (template_id, slice_no, allotted, remaining) VALUES (?, ?, ?, ?)"
                        + " ON DUPLICATE KEY UPDATE allotted = allotted + VALUES(allotted), remaining = remaining + VALUES(remaining)",
                stock.template().number(),
                slice,
                quantity,
                quantity);
    }

    private record Slice(int number, long remaining) {}

    private static long gather(Connection connection, StockId stock, long quantity, boolean partly)
            throws SQLException {
        long committed = remaining(connection, stock);
        if (committed == 0 || (!partly && committed < quantity)) {
            return 0;
        }
        List<Slice> slices = Sql.list(
                connection,
                row -> new Slice(row.getInt(1), row.getLong(2)),
                "SELECT slice_no, remaining FROM " + stock.table("slice")
                        + " WHERE template_id = ? ORDER BY slice_no FOR UPDATE",
                stock.template().number());
        long available = slices.stream().mapToLong(Slice::remaining).sum();
        if (!partly && available < quantity) {
            return 0;
        }
        long missing = Math.min(quantity, available);
        long taken = missing;
        for (Slice slice : slices) {
            long part = Math.min(slice.remaining(), missing);
            if (part > 0) {
                Sql.update(
                        connection,
                        "UPDATE " + stock.table("slice") + " SET remaining = remaining - ?, allotted = allotted - ?"
                                + " WHERE template_id = ? AND slice_no = ?",
                        part,
                        partly ? part : 0,
                        stock.template().number(),
                        slice.number());
                missing -= part;
            }
        }
        return taken;
    }

    /** What is left in one database, as last committed. */
    public static long remaining(Connection connection, StockId stock) throws SQLException {
        return Sql.first(
                        connection,
                        row -> row.getLong(1),
                        "SELECT COALESCE(SUM(remaining), 0) FROM " + stock.table("slice") + " WHERE template_id = ?",
                        stock.template().number())
                .orElse(0L);
    }

    private static boolean decrement(Connection connection, StockId stock, int slice, long quantity, String condition)
            throws SQLException {
        return Sql.update(
                        connection,
                        "UPDATE " + stock.table("slice") + " SET remaining = remaining - ?"
                                + " WHERE template_id = ? AND slice_no = ?" + condition,
                        quantity,
                        stock.template().number(),
                        slice,
                        quantity)
                == 1;
    }
}
