package dev.cutover.coupon.stock;

import dev.cutover.coupon.id.TemplateId;
import java.sql.Connection;
import java.sql.SQLException;

/** Takes stock for a claim, inside the claim's transaction and as its last statement. Safe for many threads. */
@FunctionalInterface
public interface ClaimStock {
    /** From the slices alone. */
    ClaimStock SLICES =
            (connection, slot, template, quantity) -> SliceStock.take(connection, StockId.coupons(template), quantity);

    /**
     * Whether {@code quantity} were taken; when not, nothing was.
     *
     * @param slot the one of the claim's user
     */
    boolean take(Connection connection, int slot, TemplateId template, int quantity) throws SQLException;
}
