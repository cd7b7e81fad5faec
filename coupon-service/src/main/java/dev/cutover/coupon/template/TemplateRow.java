package dev.cutover.coupon.template;

import dev.cutover.coupon.id.TemplateId;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Columns named as in {@code coupon_template}, whichever side they were computed from. */
public final class TemplateRow {
    private TemplateRow() {}

    /** @param terms what the mall has no columns for */
    static Template read(ResultSet row, Terms terms) throws SQLException {
        return new Template(
                new TemplateId(row.getLong("template_id")),
                row.getString("name"),
                discount(row),
                number(row, "total_quantity"),
                number(row, "per_user_limit"),
                row.getInt("validity_type"),
                number(row, "valid_days"),
                number(row, "valid_from"),
                number(row, "valid_to"),
                row.getInt("scope"),
                row.getInt("status"),
                number(row, "created_at"),
                terms);
    }

    /** The columns that only the new side has. */
    static Terms terms(ResultSet row) throws SQLException {
        return new Terms(
                row.getInt("version"),
                row.getInt("rule_version"),
                number(row, "claim_from"),
                number(row, "claim_to"),
                number(row, "daily_limit"),
                number(row, "discount_cap_minor"),
                RefundPolicy.ofCode(row.getInt("refund_policy")),
                number(row, "extend_days"),
                row.getString("stack_group"),
                row.getBoolean("stackable"),
                row.getString("audience"),
                number(row, "budget_minor"));
    }

    /** The six rule columns that templates and coupons share. */
    public static Discount discount(ResultSet row) throws SQLException {
        return new Discount(
                row.getInt("kind"),
                row.getInt("discount_type"),
                number(row, "amount_off_minor"),
                number(row, "percent_off_bp"),
                row.getLong("threshold_minor"),
                number(row, "discount_cap_minor"));
    }

    /** A number that may be NULL. */
    public static @Nullable Long number(ResultSet row, String column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? null : value;
    }
}
