package dev.cutover.coupon.stock;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * What one database has left of a stock.
 *
 * @param inSlices what can be taken at once
 * @param inLots pieces of open lots that no coupon was issued for
 * @param lots open ones
 */
public record StockLevel(long inSlices, long inLots, long lots) {
    /** As last committed, of one moment: a piece that goes from a lot to a slice is seen once. Only coupons are handed out in lots. */
    public static StockLevel read(Connection connection, StockId stock) throws SQLException {
        return stock.kind() == StockId.Kind.COUPONS
                ? readWithLots(connection, stock.template())
                : new StockLevel(SliceStock.remaining(connection, stock), 0, 0);
    }

    private static StockLevel readWithLots(Connection connection, TemplateId template) throws SQLException {
        return Sql.first(
                        connection,
                        row -> new StockLevel(row.getLong(1), row.getLong(2) - row.getLong(3), row.getLong(4)),
                        "SELECT (SELECT COALESCE(SUM(remaining), 0) FROM stock_slice WHERE template_id = ?),"
                                + " (SELECT COALESCE(SUM(pieces), 0) FROM stock_lot WHERE template_id = ?),"
                                + " (SELECT COUNT(*) FROM stock_lot l JOIN stock_piece p ON p.lot_id = l.lot_id"
                                + " WHERE l.template_id = ?), (SELECT COUNT(*) FROM stock_lot WHERE template_id = ?)",
                        template.number(),
                        template.number(),
                        template.number(),
                        template.number())
                .orElseThrow();
    }

    public long total() {
        return inSlices + inLots;
    }
}
