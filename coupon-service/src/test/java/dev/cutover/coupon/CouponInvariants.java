package dev.cutover.coupon;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.coupon.invariant.RowInvariant;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.LongStream;

/**
 * What must be true of the rows of NEW when nobody writes, asked with SQL alone: of the service's own code only the queries are asked that its
 * gauges ask. A line begins with the number of the invariant.
 *
 * <p>A row that came from OLD, as one does that OLD changed during a rollback, is written anew: it has a request number of the kind
 * LEGACY-… and a negative claim number, and the ledger tells only what NEW did to it. So what the ledger has to tell in full is asked of
 * the other rows.
 */
public final class CouponInvariants {
    private static final String ALL_TOLD = "c.request_no NOT LIKE 'LEGACY-%'";

    private final SmallMall mall;
    private final List<String> violations = new ArrayList<>();

    private final Set<Integer> archived = new HashSet<>();

    private CouponInvariants(SmallMall mall) {
        this.mall = mall;
    }

    /** One line a violation, none when all holds. */
    public static List<String> violated(SmallMall mall) {
        CouponInvariants invariants = new CouponInvariants(mall);
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            invariants.slot(slot);
        }
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            invariants.database(DatabaseId.shard(database));
        }
        invariants.limits();
        invariants.rules();
        invariants.codes();
        invariants.issuances();
        invariants.stock();
        invariants.budgets();
        return invariants.violations;
    }

    /** @param rows a query whose rows are violations, {@code {name}} standing for a physical table */
    private void none(String what, int slot, String rows) {
        none(what, DatabaseId.shard(mall.plan.layout().databaseOf(slot)), physical(slot, rows));
    }

    private String physical(int slot, String rows) {
        return RowInvariant.of(
                mall.plan.layout(),
                slot,
                archived.contains(slot) ? rows.replace("{user_coupon}", "every_coupon_" + slot) : rows);
    }

    /** What holds of coupons holds of those in the archive too: where there are some, both are looked at as one table. */
    private void withTheArchive(int slot) {
        DatabaseId database = DatabaseId.shard(mall.plan.layout().databaseOf(slot));
        String archive = RowInvariant.of(mall.plan.layout(), slot, "{user_coupon_archive}");
        if (mall.number(database, "SELECT EXISTS(SELECT 1 FROM " + archive + ")") == 1) {
            mall.execute(
                    database,
                    RowInvariant.of(
                            mall.plan.layout(),
                            slot,
                            "CREATE OR REPLACE VIEW every_coupon_{slot} AS SELECT * FROM {user_coupon} UNION ALL"
                                    + " SELECT * FROM {user_coupon_archive}"));
            archived.add(slot);
        }
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
        RowInvariant.OF_TABLES.forEach(one -> none(one.what(), slot, one.violations()));
        withTheArchive(slot);
        none(
                "4 claims are numbered from 1 without gaps, those of the mall counted",
                slot,
                "SELECT CONCAT(user_id, '/', template_id) FROM {user_coupon} GROUP BY user_id, template_id"
                        + " HAVING MAX(claim_seq) > COUNT(*) OR COUNT(DISTINCT claim_seq) <> COUNT(*)");
        none(
                "5 a request of a user stands for one claim",
                slot,
                "SELECT CONCAT(user_id, '/', request_no, '/', item_no) FROM {user_coupon}"
                        + " GROUP BY user_id, request_no, item_no HAVING COUNT(*) > 1");
        // A claim that was done twice left coupons that its answer does not name.
        none(
                "5 a claim's coupons are those that it remembers",
                slot,
                "SELECT CONCAT(o.op_id, ' ', c.coupon_id) FROM {coupon_operation} o JOIN {user_coupon} c"
                        + " ON c.user_id = o.user_id AND c.request_no = o.op_id WHERE JSON_EXTRACT(o.result, '$.object') = 'claim'"
                        + " AND JSON_SEARCH(o.result, 'one', CONCAT('cpn_', c.coupon_id), NULL, '$.coupons[*].id') IS NULL");
        none(
                "5 a coupon that a claim remembers is of that request",
                slot,
                "SELECT CONCAT(o.op_id, ' ', c.coupon_id) FROM {coupon_operation} o JOIN JSON_TABLE(o.result, '$.coupons[*]'"
                        + " COLUMNS (id VARCHAR(40) PATH '$.id')) answered JOIN {user_coupon} c"
                        + " ON c.coupon_id = CAST(SUBSTRING(answered.id, 5) AS SIGNED) WHERE"
                        + " JSON_EXTRACT(o.result, '$.object') = 'claim' AND c.request_no <> o.op_id AND " + ALL_TOLD);
        none(
                "5 no coupon is remembered by two claims",
                slot,
                "SELECT answered.id FROM {coupon_operation} o JOIN JSON_TABLE(o.result, '$.coupons[*]'"
                        + " COLUMNS (id VARCHAR(40) PATH '$.id')) answered WHERE JSON_EXTRACT(o.result, '$.object') = 'claim'"
                        + " GROUP BY answered.id HAVING COUNT(*) > 1");
        none(
                "6 each coupon that a claim answered is there and its user's",
                slot,
                "SELECT CONCAT(o.op_id, ' ', answered.id) FROM {coupon_operation} o, JSON_TABLE(o.result, '$.coupons[*]'"
                        + " COLUMNS (id VARCHAR(40) PATH '$.id')) answered WHERE JSON_EXTRACT(o.result, '$.object') = 'claim'"
                        + " AND NOT EXISTS (SELECT 1 FROM {user_coupon} c WHERE c.coupon_id = CAST(SUBSTRING(answered.id, 5)"
                        + " AS SIGNED) AND c.user_id = o.user_id)");
        none(
                "6 a claim has no coupon that it did not answer",
                slot,
                "SELECT o.op_id FROM {coupon_operation} o WHERE JSON_EXTRACT(o.result, '$.object') = 'claim'"
                        + " AND JSON_LENGTH(o.result, '$.coupons') < (SELECT COUNT(*) FROM {user_coupon} c"
                        + " WHERE c.user_id = o.user_id AND c.request_no = o.op_id)");
        none(
                "6 each use that was answered is there, on its order",
                slot,
                "SELECT CONCAT(o.op_id, ' ', answered.id) FROM {coupon_operation} o, JSON_TABLE(o.result, '$.redemptions[*]'"
                        + " COLUMNS (id VARCHAR(40) PATH '$.id')) answered WHERE NOT EXISTS (SELECT 1 FROM {coupon_redemption} r"
                        + " WHERE r.redemption_id = CAST(SUBSTRING(answered.id, 5) AS SIGNED) AND r.user_id = o.user_id"
                        + " AND r.order_no = o.result ->> '$.order_no')");
        none(
                "6 no coupon of a claim without its operation",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE c.request_no LIKE 'claim:%' AND NOT EXISTS"
                        + " (SELECT 1 FROM {coupon_operation} o WHERE o.user_id = c.user_id AND o.op_id = c.request_no)");
        none(
                "8 uses less returns are 1 for a used coupon and 0 for any other",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE " + ALL_TOLD
                        + " AND (c.status = 3) <> (SELECT COALESCE(SUM(CASE l.act"
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
                "9 a used coupon has a use on its order",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE c.status = 3 AND NOT EXISTS (SELECT 1 FROM {coupon_redemption} r"
                        + " WHERE r.coupon_id = c.coupon_id AND r.order_no = c.order_no)");
        none(
                "9 an order has one use of a coupon that stands",
                slot,
                "SELECT CONCAT(order_no, '/', coupon_id) FROM {coupon_redemption} WHERE COALESCE(refund_status, 0) = 0"
                        + " GROUP BY order_no, coupon_id HAVING COUNT(*) > 1");
        none(
                "10 a coupon comes back at most once a use",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE c.use_round > (SELECT COUNT(*) FROM {coupon_redemption} r"
                        + " WHERE r.coupon_id = c.coupon_id AND r.refund_status = 1)");
        none(
                "13 nothing is used outside its time, unless it was held in it",
                slot,
                "SELECT l.entry_id FROM coupon_ledger l JOIN {user_coupon} c ON c.coupon_id = l.coupon_id"
                        + " WHERE l.act = 4 AND l.use_round = c.use_round AND " + ALL_TOLD
                        + " AND (l.created_at < COALESCE(c.valid_from, 0)"
                        + " OR l.created_at >= c.valid_to) AND NOT EXISTS (SELECT 1 FROM coupon_ledger h WHERE h.coupon_id = l.coupon_id"
                        + " AND h.act = 2 AND h.entry_id < l.entry_id AND h.created_at < c.valid_to)");
        none(
                "14 the ledger, replayed from its first entry, gives each row's status and rounds",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c JOIN (SELECT coupon_id, SUM(act = 1) AS issues, SUM(act = 7) AS rounds,"
                        + " MAX(IF(act = 1, entry_id, 0)) AS issue, MIN(entry_id) AS first_entry, CAST(SUBSTRING_INDEX(GROUP_CONCAT("
                        + "IF(act IN (1, 2, 3, 4, 7, 8, 9), act, NULL) ORDER BY entry_id DESC), ',', 1) AS UNSIGNED) AS last_act"
                        + " FROM coupon_ledger GROUP BY coupon_id) l ON l.coupon_id = c.coupon_id WHERE " + ALL_TOLD
                        + " AND (l.issues <> 1 OR l.issue <> l.first_entry OR l.rounds <> c.use_round"
                        // A hold that is over, and a coupon that is, are so by the time, which is nobody's act.
                        + " OR NOT CASE l.last_act WHEN 4 THEN c.status = 3 WHEN 9 THEN c.status = 5 WHEN 8 THEN c.status = 4"
                        + " WHEN 2 THEN c.status = 1 ELSE c.status = 1 AND c.hold_no IS NULL END)");
        none(
                "14 each coupon is in the ledger",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE " + ALL_TOLD
                        + " AND NOT EXISTS (SELECT 1 FROM coupon_ledger l WHERE l.coupon_id = c.coupon_id)");
        none(
                "14 no act of a round is told under another one",
                slot,
                "SELECT l.entry_id FROM coupon_ledger l JOIN {user_coupon} c ON c.coupon_id = l.coupon_id WHERE "
                        + ALL_TOLD
                        + " AND l.use_round <> (SELECT COUNT(*) FROM coupon_ledger r WHERE r.coupon_id = l.coupon_id AND r.act = 7"
                        + " AND r.entry_id < l.entry_id)");
        none(
                "15 what the ledger says was spared is what the uses say",
                slot,
                "SELECT r.coupon_id FROM {coupon_redemption} r JOIN {user_coupon} c ON c.coupon_id = r.coupon_id WHERE "
                        + ALL_TOLD + " GROUP BY r.coupon_id HAVING SUM(r.amount_minor) <>"
                        + " (SELECT COALESCE(SUM(l.amount_minor), 0) FROM coupon_ledger l WHERE l.coupon_id = r.coupon_id AND l.act = 4)");
        none(
                "15 what the ledger says was taken back is what the refunds say",
                slot,
                "SELECT c.coupon_id FROM {user_coupon} c WHERE " + ALL_TOLD
                        + " AND (SELECT COALESCE(SUM(l.amount_minor), 0) FROM coupon_ledger l WHERE l.coupon_id = c.coupon_id"
                        + " AND l.act IN (5, 6)) <> (SELECT COALESCE(SUM(f.amount_minor), 0) FROM {coupon_redemption} r"
                        + " JOIN {coupon_refund} f ON f.redemption_id = r.redemption_id WHERE r.coupon_id = c.coupon_id)");
        none(
                "15 each use of the ledger is a use of the coupon, on that order",
                slot,
                "SELECT l.entry_id FROM coupon_ledger l JOIN {user_coupon} c ON c.coupon_id = l.coupon_id WHERE l.act = 4"
                        + " AND NOT EXISTS (SELECT 1 FROM {coupon_redemption} r WHERE r.coupon_id = l.coupon_id"
                        + " AND r.order_no = l.business_no AND r.amount_minor = l.amount_minor)");
    }

    private void database(DatabaseId database) {
        RowInvariant.OF_DATABASES.forEach(one -> none(one.what(), database, one.violations()));
    }

    /** 24: what a coupon carries of the rules is what its template says at that version. */
    private void rules() {
        String columns = "template_id, rule_version, kind, discount_type, COALESCE(amount_off_minor, -1),"
                + " COALESCE(percent_off_bp, -1), threshold_minor, COALESCE(discount_cap_minor, -1)";
        Set<List<Long>> said = new HashSet<>();
        rows(
                DatabaseId.META,
                "SELECT " + columns + " FROM coupon_template",
                row -> said.add(LongStream.of(row).boxed().toList()));
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            rows(
                    DatabaseId.shard(mall.plan.layout().databaseOf(slot)),
                    "SELECT DISTINCT " + columns + " FROM " + mall.plan.layout().physicalTable("user_coupon", slot),
                    row -> {
                        List<Long> carried = LongStream.of(row).boxed().toList();
                        if (!said.contains(carried)) {
                            violations.add("24 a coupon carries " + carried + ", its template says otherwise");
                        }
                    });
        }
    }

    /** 7: a used code has its one coupon, and each coupon of a code its used code; they may be in different databases. */
    private void codes() {
        Map<Long, Integer> byCoupon = new HashMap<>();
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            rows(
                    DatabaseId.shard(database),
                    "SELECT COALESCE(coupon_id, 0) FROM coupon_code WHERE status = 2",
                    row -> byCoupon.merge(row[0], 1, Integer::sum));
        }
        Set<Long> ofCodes = new HashSet<>();
        // With those of the mall's codes, and those that the mall has touched since.
        Set<Long> ofAny = new HashSet<>();
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            rows(
                    DatabaseId.shard(mall.plan.layout().databaseOf(slot)),
                    "SELECT coupon_id, claim_seq FROM " + mall.plan.layout().physicalTable("user_coupon", slot)
                            + " WHERE source = 2",
                    row -> {
                        ofAny.add(row[0]);
                        if (row[1] > 0) {
                            ofCodes.add(row[0]);
                        }
                    });
        }
        byCoupon.forEach((coupon, codes) -> {
            if (codes != 1 || !ofAny.contains(coupon)) {
                violations.add("7 coupon " + coupon + " has " + codes + " used codes");
            }
        });
        ofCodes.stream()
                .filter(coupon -> !byCoupon.containsKey(coupon))
                .forEach(coupon -> violations.add("7 coupon " + coupon + " has no used code"));
    }

    /** 16: everybody of an audience is issued, a duplicate or a failure, nobody twice. */
    private void issuances() {
        RowInvariant.OF_META.forEach(one -> none(one.what(), DatabaseId.META, one.violations()));
        issued();
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            none(
                    "16 nobody has two coupons of an issuance",
                    slot,
                    "SELECT CONCAT(user_id, '/', request_no) FROM {user_coupon} WHERE source = 0 AND claim_seq > 0"
                            + " GROUP BY user_id, request_no HAVING COUNT(*) > 1");
            none(
                    "16 nobody has two coupons of one issuance's text",
                    slot,
                    "SELECT CONCAT(user_id, '/', coupon_sn) FROM {user_coupon} WHERE source = 0 GROUP BY user_id, coupon_sn"
                            + " HAVING COUNT(*) > 1");
        }
    }

    /** 16: what the issuances of a template have counted is there; a row that came by OLD no longer says of which it is. */
    private void issued() {
        Map<Long, Long> uncounted = new HashMap<>();
        rows(
                DatabaseId.META,
                "SELECT template_id, SUM(issued) FROM issuance_task GROUP BY template_id HAVING MIN(state) >= 4",
                row -> uncounted.put(row[0], -row[1]));
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            rows(
                    DatabaseId.shard(mall.plan.layout().databaseOf(slot)),
                    "SELECT template_id, COUNT(*) FROM " + mall.plan.layout().physicalTable("user_coupon", slot)
                            + " WHERE source = 0 GROUP BY template_id",
                    row -> uncounted.computeIfPresent(row[0], (template, before) -> before + row[1]));
        }
        uncounted.forEach((template, coupons) -> {
            if (coupons != 0) {
                violations.add("16 of template " + template + " are " + coupons
                        + " coupons more than its issuances have counted");
            }
        });
    }

    /** 4: nobody has more of a template than its limit, but for what the mall had given already. */
    private void limits() {
        Map<Long, Long> limits = new HashMap<>();
        rows(
                DatabaseId.META,
                "SELECT template_id, per_user_limit FROM coupon_template WHERE per_user_limit IS NOT NULL",
                row -> limits.put(row[0], row[1]));
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            rows(
                    DatabaseId.shard(mall.plan.layout().databaseOf(slot)),
                    "SELECT template_id, user_id, COUNT(*) FROM "
                            + mall.plan.layout().physicalTable("user_coupon", slot)
                            + " GROUP BY template_id, user_id HAVING MAX(claim_seq) > 0",
                    row -> {
                        if (row[2] > limits.getOrDefault(row[0], Long.MAX_VALUE)) {
                            violations.add("4 user " + row[1] + " has " + row[2] + " of template " + row[0]
                                    + ", whose limit is " + limits.get(row[0]));
                        }
                    });
        }
    }

    /** 2: what remains, what was issued and what travels is the total; 1: and none of them is less than nothing. */
    private void stock() {
        Map<Long, Long> there = new HashMap<>();
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            for (String part : List.of(
                    "SELECT template_id, remaining FROM stock_slice",
                    "SELECT template_id, pieces FROM stock_lot",
                    "SELECT l.template_id, -1 FROM stock_piece p JOIN stock_lot l ON l.lot_id = p.lot_id",
                    "SELECT template_id, IF(leg = 1, quantity, -quantity) FROM stock_transfer_leg")) {
                rows(DatabaseId.shard(database), part, row -> there.merge(row[0], row[1], Long::sum));
            }
        }
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            rows(
                    DatabaseId.shard(mall.plan.layout().databaseOf(slot)),
                    physical(slot, "SELECT template_id, COUNT(*) FROM {user_coupon} GROUP BY template_id"),
                    row -> there.merge(row[0], row[1], Long::sum));
        }
        rows(
                DatabaseId.META,
                "SELECT template_id, total_quantity FROM coupon_template WHERE total_quantity IS NOT NULL"
                        + " AND status IN (1, 2, 3)",
                row -> {
                    long sum = there.getOrDefault(row[0], 0L);
                    if (sum != row[1]) {
                        violations.add("2 template " + row[0] + ": stock, stock on its way and coupons are " + sum
                                + ", its total is " + row[1]);
                    }
                });
    }

    /** 19: of each budget, what is spent, held, left and travels is the cap; each counted from its own rows, and none less than nothing. */
    private void budgets() {
        Map<Long, Long> left = new HashMap<>();
        Map<Long, Long> reserved = new HashMap<>();
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            DatabaseId shard = DatabaseId.shard(database);
            for (String part : List.of(
                    "SELECT template_id, remaining FROM budget_slice",
                    "SELECT template_id, IF(leg = 1, quantity, -quantity) FROM budget_transfer_leg")) {
                rows(shard, part, row -> left.merge(row[0], row[1], Long::sum));
            }
            rows(
                    shard,
                    "SELECT k.template, JSON_EXTRACT(h.agreed, CONCAT('$.reserved.\"', k.template, '\"')) FROM coupon_hold h,"
                            + " JSON_TABLE(JSON_KEYS(h.agreed, '$.reserved'), '$[*]' COLUMNS (template BIGINT PATH '$')) k"
                            + " WHERE h.state = 1",
                    row -> reserved.merge(row[0], row[1], Long::sum));
        }
        Map<Long, Long> held = new HashMap<>();
        Map<Long, Long> spent = new HashMap<>();
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            DatabaseId shard = DatabaseId.shard(mall.plan.layout().databaseOf(slot));
            rows(
                    shard,
                    physical(
                            slot,
                            "SELECT c.template_id, SUM(a.amount) FROM coupon_hold h, JSON_TABLE(h.agreed, '$.coupons[*]'"
                                    + " COLUMNS (id BIGINT PATH '$.id', amount BIGINT PATH '$.amount')) a"
                                    + " JOIN {user_coupon} c ON c.coupon_id = a.id WHERE h.state = 1 GROUP BY c.template_id"),
                    row -> held.merge(row[0], row[1], Long::sum));
            for (String part : List.of(
                    "SELECT c.template_id, SUM(r.amount_minor) FROM {coupon_redemption} r"
                            + " JOIN {user_coupon} c ON c.coupon_id = r.coupon_id GROUP BY c.template_id",
                    "SELECT c.template_id, -SUM(f.amount_minor) FROM {coupon_refund} f JOIN {coupon_redemption} r"
                            + " ON r.redemption_id = f.redemption_id JOIN {user_coupon} c ON c.coupon_id = r.coupon_id"
                            + " GROUP BY c.template_id")) {
                rows(shard, physical(slot, part), row -> spent.merge(row[0], row[1], Long::sum));
            }
        }
        rows(
                DatabaseId.META,
                "SELECT template_id, amount_minor FROM template_budget JOIN coupon_template USING (template_id)"
                        + " WHERE status NOT IN (0, 5)",
                row -> {
                    long parts = spent.getOrDefault(row[0], 0L)
                            + held.getOrDefault(row[0], 0L)
                            + left.getOrDefault(row[0], 0L);
                    if (parts != row[1]) {
                        violations.add("19 of the budget of template " + row[0] + " are spent " + spent.get(row[0])
                                + ", held " + held.get(row[0]) + " and left " + left.get(row[0]) + ", the cap is "
                                + row[1]);
                    }
                    if (spent.getOrDefault(row[0], 0L) < 0) {
                        violations.add("19 less than nothing is spent of the budget of template " + row[0]);
                    }
                    if (!held.getOrDefault(row[0], 0L).equals(reserved.getOrDefault(row[0], 0L))) {
                        violations.add("19 holds have reserved " + reserved.get(row[0]) + " of the budget of template "
                                + row[0] + ", and agreed " + held.get(row[0]));
                    }
                });
    }

    private void rows(DatabaseId database, String sql, Consumer<long[]> row) {
        try (Connection connection = mall.topology.database(database).getConnection()) {
            Sql.list(
                            connection,
                            found -> {
                                long[] numbers = new long[found.getMetaData().getColumnCount()];
                                for (int i = 0; i < numbers.length; i++) {
                                    numbers[i] = found.getLong(i + 1);
                                }
                                return numbers;
                            },
                            sql)
                    .forEach(row);
        } catch (SQLException e) {
            throw new IllegalStateException(sql + ": " + e.getMessage(), e);
        }
    }
}
