package dev.cutover.coupon.stock;

import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts new stock into the slices of one database, inside the caller's transaction. */
public final class SliceAllotment {
    private SliceAllotment() {}

    /**
     * Makes the slices of a stock; those that are there stay as they are, however often it is asked. Another instance may cut into another
     * number of slices: whoever has the first slice has cut them all.
     */
    public static void cut(Connection connection, StockId stock, SlicePlan plan, int database, long total)
            throws SQLException {
        long first = plan.share(total, database, 0);
        int cut = Sql.update(
                connection,
                "INSERT IGNORE INTO " + stock.table("slice")
                        + " (template_id, slice_no, allotted, remaining) VALUES (?, 0, ?, ?)",
                stock.template().number(),
                first,
                first);
        if (cut == 1 && plan.perDatabase() > 1) {
            insert(connection, stock, plan, database, total, "template_id = template_id");
        }
    }

    /** Adds to the slices of a stock; exactly as often as it is asked. */
    public static void add(Connection connection, StockId stock, SlicePlan plan, int database, long pieces)
            throws SQLException {
        insert(
                connection,
                stock,
                plan,
                database,
                pieces,
                "allotted = allotted + VALUES(allotted), remaining = remaining + VALUES(remaining)");
    }

    private static void insert(
            Connection connection, StockId stock, SlicePlan plan, int database, long pieces, String whenThere)
            throws SQLException {
        List<@Nullable Object> values = new ArrayList<>();
        for (int slice = 0; slice < plan.perDatabase(); slice++) {
            long share = plan.share(pieces, database, slice);
            values.add(stock.template().number());
            values.add(slice);
            values.add(share);
            values.add(share);
        }
        Sql.update(
                connection,
                "INSERT INTO " + stock.table("slice") + " (template_id, slice_no, allotted, remaining) VALUES "
                        + Sql.tuples(plan.perDatabase(), 4) + " ON DUPLICATE KEY UPDATE " + whenThere,
                values.toArray());
    }
}
