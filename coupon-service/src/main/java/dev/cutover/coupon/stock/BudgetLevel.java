package dev.cutover.coupon.stock;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Where the money of a template's budget is in one database.
 *
 * @param leftMinor in its slices
 * @param heldMinor what holds have taken that nobody has ended yet, also those whose time is over
 */
public record BudgetLevel(long leftMinor, long heldMinor) {
    /** As last committed, of one moment: what a hold takes is seen once. Reads the open holds of the database. */
    public static BudgetLevel read(Connection connection, TemplateId template) throws SQLException {
        return Sql.first(
                        connection,
                        row -> new BudgetLevel(row.getLong(1), row.getLong(2)),
                        "SELECT (SELECT COALESCE(SUM(remaining), 0) FROM budget_slice WHERE template_id = ?),"
                                + " (SELECT COALESCE(SUM(CAST(JSON_EXTRACT(agreed, ?) AS SIGNED)), 0) FROM coupon_hold"
                                + " WHERE state = 1)",
                        template.number(),
                        "$.reserved.\"" + template.number() + "\"")
                .orElseThrow();
    }
}
