package dev.cutover.coupon;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What must be true of the rows of NEW when nobody writes, asked with SQL alone: none of the service's own code judges itself here. */
final class CouponInvariants {
    private final SmallMall mall;
    private final List<String> violations = new ArrayList<>();

    private CouponInvariants(SmallMall mall) {
        this.mall = mall;
    }

    /** One line a violation, none when all holds. */
    static List<String> violated(SmallMall mall) {
        CouponInvariants invariants = new CouponInvariants(mall);
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            invariants.slot(slot);
        }
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            invariants.database(DatabaseId.shard(database));
        }
        invariants.codes();
        invariants.issuances();
        invariants.stock();
        return invariants.violations;
    }

    /** @param rows a query whose rows are violations, {@code {name}} standing for a physical table */
    private void none(String what, int slot, String rows) {
        String sql = rows;
        for (String name : List.of(
                "user_coupon", "coupon_redemption_line", "coupon_redemption", "coupon_refund", "coupon_operation")) {
            sql = sql.replace("{" + name + "}", mall.plan.layout().physicalTable(name, slot));
        }
        none(what, DatabaseId.shard(mall.plan.layout().databaseOf(slot)), sql);
    }

    private void none(String what, DatabaseId database, String sql) {
        try (Connection connection = mall.topology.database(database).getConnection()) {
            Sql.list(connection, row -> row.getString(1), sql + " LIMIT 3")
                    .forEach(row -> violations.add(what + ": " + row + " in " + database));
        } catch (SQLException e) {
            throw new IllegalStateException(sql + ": " + e.getMessage(), e);
        }
    }

    private void slot(int slot) {
        none(
                "4 claims are numbered from 1 without gaps",
                slot,
                "SELECT CONCAT(user_id, '/', template_id) FROM {user_coupon} WHERE claim_seq > 0"
                        + " GROUP BY user_id, template_id HAVING COUNT(*) <> MAX(claim_seq)");
        none(
                "5 a request of a user stands for one claim",
                slot,
                "SELECT CONCAT(user_id, '/', request_no, '/', item_no) FROM {user_coupon}"
                        + " GROUP BY user_id, request_no, item_no HAVING COUNT(*) > 1");
        none(
                "6 a claim's coupons are those it answered",
                slot,
                "SELECT o.op_id FROM {coupon_operation} o WHERE o.op_id LIKE 'claim:%'"
                        + " AND JSON_LENGTH(o.result, '$.coupons') <> (SELECT COUNT(*) FROM {user_coupon} c"
                        + " WHERE c.user_id = o.user_id AND c.request_no = o.op_id)");
        none(
                "6 no coupon of a claim without its operation",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE c.request_no LIKE 'claim:%' AND NOT EXISTS"
                        + " (SELECT 1 FROM {coupon_operation} o WHERE o.user_id = c.user_id AND o.op_id = c.request_no)");
        none(
                "8 uses less returns are 1 for a used coupon and 0 for any other",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE (c.status = 3) <> (SELECT COALESCE(SUM(CASE l.act"
                        + " WHEN 4 THEN 1 WHEN 7 THEN -1 ELSE 0 END), 0) FROM coupon_ledger l WHERE l.coupon_id = c.coupon_id)");
        none(
                "9 a coupon has at most one use that stands",
                slot,
                "SELECT coupon_id FROM {coupon_redemption} WHERE COALESCE(refund_status, 0) = 0 GROUP BY coupon_id"
                        + " HAVING COUNT(*) > 1");
        none(
                "9 a use that stands has its coupon, on its order",
                slot,
                "SELECT r.redemption_id FROM {coupon_redemption} r LEFT JOIN {user_coupon} c ON c.coupon_id = r.coupon_id"
                        + " WHERE COALESCE(r.refund_status, 0) = 0 AND (c.status IS NULL OR c.status <> 3 OR c.order_no <> r.order_no)");
        none(
                "10 refunds of a use are not more than it took off",
                slot,
                "SELECT r.redemption_id FROM {coupon_redemption} r JOIN {coupon_refund} f ON f.redemption_id = r.redemption_id"
                        + " GROUP BY r.redemption_id, r.amount_minor, r.refund_status HAVING SUM(f.amount_minor) > r.amount_minor"
                        + " OR (SUM(f.amount_minor) = r.amount_minor) <> (COALESCE(r.refund_status, 0) = 1) OR SUM(f.whole) > 1");
        none(
                "10 a coupon comes back at most once a use",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE c.use_round > (SELECT COUNT(*) FROM {coupon_redemption} r"
                        + " WHERE r.coupon_id = c.coupon_id AND r.refund_status = 1)");
        none(
                "11 a hold names its coupon and its end, and only an unused coupon has one",
                slot,
                "SELECT coupon_id FROM {user_coupon} WHERE (hold_no IS NULL) <> (hold_until IS NULL)"
                        + " OR (hold_no IS NOT NULL AND status <> 1)");
        none(
                "11 who has a coupon is a hold that stands",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c LEFT JOIN coupon_hold h ON h.hold_no = c.hold_no"
                        + " WHERE c.hold_no IS NOT NULL AND (h.state IS NULL OR h.state <> 1 OR h.user_id <> c.user_id)");
        none(
                "12 a hold that is long over has nothing any more",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c JOIN coupon_hold h ON h.hold_no = c.hold_no"
                        + " WHERE h.state = 1 AND h.hold_until < UNIX_TIMESTAMP() * 1000 - 60000");
        none(
                "13 nothing is used outside its time, unless it was held in it",
                slot,
                "SELECT l.entry_id FROM coupon_ledger l JOIN {user_coupon} c ON c.coupon_id = l.coupon_id"
                        + " WHERE l.act = 4 AND c.use_round = 0 AND c.claim_seq > 0 AND (l.created_at < COALESCE(c.valid_from, 0)"
                        + " OR l.created_at >= c.valid_to) AND NOT EXISTS (SELECT 1 FROM coupon_ledger h WHERE h.coupon_id = l.coupon_id"
                        + " AND h.act = 2 AND h.entry_id < l.entry_id AND h.created_at < c.valid_to)");
        none(
                "14 the ledger tells each row's status and rounds",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE c.use_round <> (SELECT COUNT(*) FROM coupon_ledger l"
                        + " WHERE l.coupon_id = c.coupon_id AND l.act = 7) OR (c.status = 5) <> (SELECT COUNT(*) > 0 FROM"
                        + " coupon_ledger l WHERE l.coupon_id = c.coupon_id AND l.act = 9)");
        none(
                "14 each coupon was issued once",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE c.claim_seq > 0 AND (SELECT COUNT(*) FROM coupon_ledger l"
                        + " WHERE l.coupon_id = c.coupon_id AND l.act = 1) <> 1");
        none(
                "15 what the ledger says was spared is what the uses say",
                slot,
                "SELECT r.coupon_id FROM {coupon_redemption} r GROUP BY r.coupon_id HAVING SUM(r.amount_minor) <>"
                        + " (SELECT COALESCE(SUM(l.amount_minor), 0) FROM coupon_ledger l WHERE l.coupon_id = r.coupon_id AND l.act = 4)");
        none(
                "17 rows are where their user is",
                slot,
                "SELECT coupon_id FROM {user_coupon} WHERE CRC32(CAST(user_id AS CHAR)) % "
                        + SmallMall.DATABASES * SmallMall.TABLES + " <> " + slot + " OR coupon_id & 1023 <> " + slot);
        none(
                "18 nothing is spared below zero, and lines add up to their use",
                slot,
                "SELECT r.redemption_id FROM {coupon_redemption} r LEFT JOIN {coupon_redemption_line} l"
                        + " ON l.redemption_id = r.redemption_id GROUP BY r.redemption_id, r.amount_minor"
                        + " HAVING r.amount_minor < 0 OR SUM(l.discount_minor) <> r.amount_minor");
    }

    private void database(DatabaseId database) {
        none(
                "1 a slice holds between nothing and what it was given",
                database,
                "SELECT CONCAT(template_id, '/', slice_no) FROM stock_slice WHERE remaining < 0 OR remaining > allotted");
        none(
                "1 a piece is of an open lot, and within it",
                database,
                "SELECT CONCAT(p.lot_id, '/', p.piece_no) FROM stock_piece p LEFT JOIN stock_lot l ON l.lot_id = p.lot_id"
                        + " WHERE l.lot_id IS NULL OR p.piece_no < 0 OR p.piece_no >= l.pieces");
    }

    /** 7: a used code has its one coupon, and each coupon of a code its used code; they may be in different databases. */
    private void codes() {
        Map<Long, Integer> byCoupon = new HashMap<>();
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            each(
                    DatabaseId.shard(database),
                    "SELECT COALESCE(coupon_id, 0) FROM coupon_code WHERE status = 2",
                    coupon -> byCoupon.merge(coupon, 1, Integer::sum));
        }
        List<Long> ofCodes = new ArrayList<>();
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            each(
                    DatabaseId.shard(mall.plan.layout().databaseOf(slot)),
                    "SELECT coupon_id FROM " + mall.plan.layout().physicalTable("user_coupon", slot)
                            + " WHERE source = 2 AND claim_seq > 0",
                    ofCodes::add);
        }
        byCoupon.forEach((coupon, codes) -> {
            if (codes != 1 || !ofCodes.contains(coupon)) {
                violations.add("7 coupon " + coupon + " has " + codes + " used codes");
            }
        });
        ofCodes.stream()
                .filter(coupon -> !byCoupon.containsKey(coupon))
                .forEach(coupon -> violations.add("7 coupon " + coupon + " has no used code"));
    }

    /** 16: everybody of an audience is issued, a duplicate or a failure, nobody twice. */
    private void issuances() {
        none(
                "16 an issuance that is done has counted its whole audience",
                DatabaseId.META,
                "SELECT t.task_id FROM issuance_task t WHERE t.state = 4 AND t.named <> t.issued + t.duplicates"
                        + " + (SELECT COUNT(*) FROM issuance_failure f WHERE f.task_id = t.task_id)");
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            none(
                    "16 nobody has two coupons of an issuance",
                    slot,
                    "SELECT CONCAT(user_id, '/', request_no) FROM {user_coupon} WHERE source = 0 AND claim_seq > 0"
                            + " GROUP BY user_id, request_no HAVING COUNT(*) > 1");
        }
    }

    private void each(DatabaseId database, String sql, Consumer<Long> row) {
        try (Connection connection = mall.topology.database(database).getConnection()) {
            Sql.list(connection, found -> found.getLong(1), sql).forEach(row);
        } catch (SQLException e) {
            throw new IllegalStateException(sql + ": " + e.getMessage(), e);
        }
    }

    /** 2: what remains, what was issued and what travels is the total. */
    private void stock() {
        try (Connection meta = mall.topology.database(DatabaseId.META).getConnection()) {
            for (long[] template : Sql.list(
                    meta,
                    row -> new long[] {row.getLong(1), row.getLong(2)},
                    "SELECT template_id, total_quantity FROM coupon_template WHERE total_quantity IS NOT NULL"
                            + " AND status IN (1, 2, 3)")) {
                long remaining = mall.remaining(template[0]);
                long issued = mall.issued(dev.cutover.core.topology.Side.NEW, template[0]);
                long travelling = mall.number(
                        DatabaseId.META,
                        "SELECT COUNT(*) FROM stock_transfer WHERE template_id = ? AND state IN (0, 1)",
                        template[0]);
                if (travelling == 0 && remaining + issued != template[1]) {
                    violations.add("2 template " + template[0] + ": " + remaining + " remain and " + issued
                            + " were issued of " + template[1]);
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }
}
