package dev.cutover.coupon.template;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/**
 * Reads {@code mall_coupon} in the shape of {@code coupon_template}.
 *
 * <p>MySQL evaluates the plan's own expressions, so both sides can only answer the same. A row the plan rejects is no template here
 * either: what would be claimed from it could not be migrated.
 */
public final class LegacyTemplates {
    /** The kind alone, over the same {@code t}. */
    public static final String KIND = "CASE t.type WHEN 2 THEN 2 WHEN 3 THEN 3 ELSE 1 END";

    /** Rule columns of a coupon, over {@code t} = its row of {@code mall_coupon}; the plan's projection of {@code user_coupon}. */
    public static final String RULES = KIND + """
             AS kind,
            CASE t.type WHEN 1 THEN 2 WHEN 2 THEN 3 ELSE 1 END AS discount_type,
            IF(t.type = 1, NULL, CAST(t.amount * 100 AS SIGNED)) AS amount_off_minor,
            IF(t.type = 1, CAST((10 - t.amount) * 1000 AS SIGNED), NULL) AS percent_off_bp,
            CAST(COALESCE(t.min_point, 0) * 100 AS SIGNED) AS threshold_minor,
            CAST(NULL AS SIGNED) AS discount_cap_minor""";

    private static final String SELECT = "SELECT t.id AS template_id, t.coupon_name AS name, " + RULES + """
            ,
            IF(t.num = -1, NULL, t.publish_count) AS total_quantity,
            NULLIF(t.per_limit, 0) AS per_user_limit,
            t.time_type AS validity_type,
            t.days AS valid_days,
            IF(t.start_time = 0, NULL, TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', t.start_time) * 1000) AS valid_from,
            IF(t.end_time = 0, NULL, (TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', t.end_time) + 1) * 1000) AS valid_to,
            t.use_type AS scope,
            IF(t.deleted = 1 OR t.status = 2, 3, 1) AS status,
            TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', t.add_time) * 1000 AS created_at
            FROM mall_coupon t
            WHERE t.type IN (0, 1, 2, 3)
              AND NOT (t.type = 1 AND (t.amount < 1 OR t.amount >= 10))
              AND NOT (t.time_type = 1 AND (t.start_time = 0 OR t.end_time = 0))
              AND NOT COALESCE(t.use_type IN (2, 3) AND NOT JSON_VALID(t.goods_value)
                               AND t.goods_value NOT REGEXP '^[0-9]+(,[0-9]+)*$', FALSE)\s""";

    private LegacyTemplates() {}

    public static Optional<Template> find(Connection connection, TemplateId id) throws SQLException {
        return Sql.first(connection, LegacyTemplates::read, SELECT + "AND t.id = ?", id.number());
    }

    public static Optional<TemplateSheet> sheet(Connection connection, TemplateId id) throws SQLException {
        return find(connection, id).map(TemplateSheet::ofTheMall);
    }

    /** In ascending order of ids, from behind {@code after} on; only those in {@code state} when it is there. */
    public static List<TemplateSheet> page(Connection connection, long after, int limit, Optional<TemplateState> state)
            throws SQLException {
        String which = state.isEmpty()
                ? ""
                : "AND IF(t.deleted = 1 OR t.status = 2, 3, 1) = " + state.get().code();
        return Sql.list(
                        connection,
                        LegacyTemplates::read,
                        SELECT + which + " AND t.id > ? ORDER BY t.id LIMIT ?",
                        after,
                        limit)
                .stream()
                .map(TemplateSheet::ofTheMall)
                .toList();
    }

    private static Template read(ResultSet row) throws SQLException {
        return TemplateRow.read(row, Terms.OF_THE_MALL);
    }
}
