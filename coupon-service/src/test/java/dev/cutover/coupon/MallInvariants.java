package dev.cutover.coupon;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What must be true of the rows of OLD when nobody writes and OLD holds the truth, and of the rows of both sides when nothing is on its way
 * between them; asked with SQL alone. A line begins with the number of the invariant, as those of {@link CouponInvariants} do.
 */
public final class MallInvariants {
    private static final Map<String, String> NONE = new TreeMap<>(Map.ofEntries(
            Map.entry("1 stock is not less than nothing", "SELECT id FROM mall_coupon WHERE num < -1"),
            Map.entry(
                    "2 what is left and what was issued is the total",
                    "SELECT t.id FROM mall_coupon t WHERE t.num <> -1 AND t.num + (SELECT COUNT(*) FROM mall_coupon_user s"
                            + " WHERE s.coupon_id = t.id) <> t.publish_count"),
            Map.entry(
                    "4 nobody has more of a template than its limit",
                    "SELECT CONCAT(s.user_id, '/', s.coupon_id) FROM mall_coupon_user s JOIN mall_coupon t ON t.id = s.coupon_id"
                            + " WHERE t.per_limit > 0 GROUP BY s.user_id, s.coupon_id, t.per_limit HAVING COUNT(*) > t.per_limit"),
            Map.entry(
                    "6 each coupon that a claim answered is there and its user's",
                    "SELECT CONCAT(o.op_id, ' ', answered.id) FROM mall_coupon_operation o, JSON_TABLE(o.result,"
                            + " '$.coupons[*]' COLUMNS (id VARCHAR(40) PATH '$.id')) answered"
                            + " WHERE JSON_EXTRACT(o.result, '$.object') = 'claim' AND NOT EXISTS (SELECT 1 FROM mall_coupon_user s"
                            + " WHERE s.id = CAST(SUBSTRING(answered.id, 5) AS SIGNED) >> 10 AND s.user_id = o.user_id)"),
            Map.entry(
                    "6 each use that was answered is there, on its order",
                    "SELECT CONCAT(o.op_id, ' ', answered.id) FROM mall_coupon_operation o, JSON_TABLE(o.result,"
                            + " '$.redemptions[*]' COLUMNS (id VARCHAR(40) PATH '$.id')) answered"
                            + " WHERE NOT EXISTS (SELECT 1 FROM mall_order_coupon r WHERE r.id = CAST(SUBSTRING(answered.id, 5)"
                            + " AS SIGNED) >> 10 AND r.user_id = o.user_id AND r.order_sn = o.result ->> '$.order_no')"),
            Map.entry(
                    "7 each code that was exchanged has its coupon",
                    "SELECT k.code FROM mall_coupon_code k WHERE k.status = 1 AND NOT EXISTS (SELECT 1 FROM mall_coupon_user s"
                            + " WHERE s.user_id = k.user_id AND s.coupon_id = k.coupon_id AND s.get_type = 2)"),
            Map.entry(
                    "9 a coupon has at most one use that stands, and it is used by it",
                    "SELECT r.coupon_user_id FROM mall_order_coupon r LEFT JOIN mall_coupon_user s ON s.id = r.coupon_user_id"
                            + " WHERE COALESCE(r.refund_status, 0) = 0 GROUP BY r.coupon_user_id"
                            + " HAVING COUNT(*) > 1 OR NOT COALESCE(MIN(s.status = 1 AND s.order_sn = r.order_sn), FALSE)"),
            Map.entry(
                    "9 a used coupon has a use on its order",
                    "SELECT s.id FROM mall_coupon_user s WHERE s.status = 1 AND NOT EXISTS (SELECT 1 FROM mall_order_coupon r"
                            + " WHERE r.coupon_user_id = s.id AND r.order_sn = s.order_sn)"),
            Map.entry("18 nothing is spared below zero", "SELECT id FROM mall_order_coupon WHERE coupon_amount < 0")));

    /** How a row is told on both sides, by the table of NEW: of OLD, and of NEW. Times are seconds. */
    private static final Map<String, List<String>> CANONICAL = Map.of(
            "user_coupon",
            List.of(
                    "SELECT id, JSON_ARRAY(user_id, coupon_id, coupon_sn, get_type, ELT(status + 1, 1, 3, 4, 5), order_sn, deleted,"
                            + " TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', used_time),"
                            + " TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', start_time),"
                            + " TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', end_time) + 1,"
                            + " TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', add_time)) FROM mall_coupon_user",
                    "SELECT coupon_id >> 10, JSON_ARRAY(user_id, template_id, coupon_sn, source, CAST(status AS CHAR), order_no, deleted,"
                            + " used_at DIV 1000, valid_from DIV 1000, valid_to DIV 1000, created_at DIV 1000) FROM {table}"),
            "coupon_redemption",
            List.of(
                    "SELECT id, JSON_ARRAY(user_id, order_sn, coupon_user_id, CAST(coupon_amount * 100 AS SIGNED), refund_status,"
                            + " refund_no, TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', add_time)) FROM mall_order_coupon",
                    "SELECT redemption_id >> 10, JSON_ARRAY(user_id, order_no, coupon_id >> 10, amount_minor, refund_status, refund_no,"
                            + " created_at DIV 1000) FROM {table}"),
            "coupon_operation",
            List.of(
                    "SELECT CONCAT(user_id, ' ', op_id), JSON_ARRAY(fingerprint, result,"
                            + " TIMESTAMPDIFF(SECOND, '1970-01-01 08:00:00', add_time)) FROM mall_coupon_operation",
                    "SELECT CONCAT(user_id, ' ', op_id), JSON_ARRAY(fingerprint, result, created_at DIV 1000) FROM {table}"));

    private MallInvariants() {}

    /** One line a violation, none when all holds. */
    public static List<String> violated(SmallMall mall) {
        List<String> violations = new ArrayList<>();
        NONE.forEach((what, sql) -> {
            try (Connection old = mall.topology.database(DatabaseId.OLD).getConnection()) {
                Sql.list(old, row -> row.getString(1), sql + " LIMIT 3")
                        .forEach(row -> violations.add(what + ": " + row + " in the mall"));
            } catch (SQLException e) {
                throw new IllegalStateException(sql + ": " + e.getMessage(), e);
            }
        });
        return violations;
    }

    /** 23: each row of one side is a row of the other and says the same; one line a difference. */
    public static List<String> different(SmallMall mall) {
        List<String> differences = new ArrayList<>();
        CANONICAL.forEach((table, sql) -> {
            Map<String, String> onOld = new TreeMap<>();
            Map<String, String> onNew = new TreeMap<>();
            read(mall, DatabaseId.OLD, sql.get(0), onOld);
            for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
                read(
                        mall,
                        DatabaseId.shard(mall.plan.layout().databaseOf(slot)),
                        sql.get(1).replace("{table}", mall.plan.layout().physicalTable(table, slot)),
                        onNew);
            }
            onOld.forEach((key, row) -> {
                String other = onNew.remove(key);
                if (!row.equals(other)) {
                    differences.add("23 " + table + " " + key + ": " + row + " on old, " + other + " on new");
                }
            });
            onNew.forEach((key, row) -> differences.add("23 " + table + " " + key + ": " + row + " on new alone"));
        });
        return differences;
    }

    private static void read(SmallMall mall, DatabaseId database, String sql, Map<String, String> rows) {
        try (Connection connection = mall.topology.database(database).getConnection()) {
            Sql.list(connection, row -> rows.put(row.getString(1), row.getString(2)), sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql + ": " + e.getMessage(), e);
        }
    }
}
