package dev.cutover.coupon.template;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** Reads {@code coupon_template} in the meta database. */
public final class ShardedTemplates {
    private static final String SELECT = """
            SELECT template_id, name, kind, discount_type, amount_off_minor, percent_off_bp, threshold_minor, total_quantity,
                   per_user_limit, validity_type, valid_days, valid_from, valid_to, scope, status, created_at,
                   version, rule_version, claim_from, claim_to, daily_limit, discount_cap_minor, refund_policy, extend_days,
                   stack_group, stackable, biz_type, metadata, updated_at, audience, amount_minor AS budget_minor
            FROM coupon_template LEFT JOIN template_audience USING (template_id)
                 LEFT JOIN template_budget USING (template_id)\s""";

    private ShardedTemplates() {}

    public static Optional<TemplateSheet> sheet(Connection meta, TemplateId id) throws SQLException {
        return Sql.first(meta, ShardedTemplates::sheet, SELECT + "WHERE template_id = ?", id.number());
    }

    /** Those of these that there are. */
    static List<TemplateSheet> sheets(Connection meta, List<TemplateId> ids) throws SQLException {
        return Sql.list(
                meta,
                ShardedTemplates::sheet,
                SELECT + "WHERE template_id IN " + Sql.tuples(1, ids.size()),
                ids.stream().map(TemplateId::number).toArray());
    }

    /** The same, locked until the transaction ends. */
    public static Optional<TemplateSheet> locked(Connection meta, TemplateId id) throws SQLException {
        return Sql.first(
                meta,
                ShardedTemplates::sheet,
                SELECT + "WHERE template_id = ? FOR UPDATE OF coupon_template",
                id.number());
    }

    /** In ascending order of ids, from behind {@code after} on; only those in {@code state} when it is there. */
    public static List<TemplateSheet> page(Connection meta, long after, int limit, Optional<TemplateState> state)
            throws SQLException {
        return state.isEmpty()
                ? Sql.list(
                        meta,
                        ShardedTemplates::sheet,
                        SELECT + "WHERE template_id > ? ORDER BY template_id LIMIT ?",
                        after,
                        limit)
                : Sql.list(
                        meta,
                        ShardedTemplates::sheet,
                        SELECT + "WHERE template_id > ? AND status = ? ORDER BY template_id LIMIT ?",
                        after,
                        state.get().code(),
                        limit);
    }

    private static TemplateSheet sheet(ResultSet row) throws SQLException {
        return new TemplateSheet(
                TemplateRow.read(row, TemplateRow.terms(row)),
                row.getString("biz_type"),
                row.getString("metadata"),
                TemplateRow.number(row, "updated_at"));
    }
}
