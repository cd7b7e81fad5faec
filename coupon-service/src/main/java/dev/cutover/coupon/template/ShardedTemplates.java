package dev.cutover.coupon.template;

import dev.cutover.coupon.id.TemplateId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** Reads {@code coupon_template} in the meta database. */
final class ShardedTemplates {
    private static final String SELECT = """
            SELECT template_id, name, kind, discount_type, amount_off_minor, percent_off_bp, threshold_minor, total_quantity,
                   per_user_limit, validity_type, valid_days, valid_from, valid_to, scope, status, created_at,
                   version, rule_version, claim_from, claim_to, daily_limit, discount_cap_minor, refund_policy, extend_days,
                   stack_group, stackable
            FROM coupon_template WHERE template_id = ?""";

    private ShardedTemplates() {}

    static Optional<Template> find(Connection meta, TemplateId id) throws SQLException {
        try (PreparedStatement select = meta.prepareStatement(SELECT)) {
            select.setLong(1, id.number());
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(TemplateRow.read(row, TemplateRow.terms(row))) : Optional.empty();
            }
        }
    }
}
