package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.OrderLine;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The checks of the invariants are only as good as what they notice: one value of one row is spoilt, and the invariant it breaks is named. */
final class CouponInvariantsIT {
    static final List<OrderLine> LINES = List.of(
            new OrderLine(new Product("p1", null, null), 1, 4_000, 0),
            new OrderLine(new Product("p2", null, null), 1, 6_000, 0));

    private static SideUnderTest side;
    private static SideUnderTest mall;
    private static Rows rows;
    private static long buyer;

    /** What there is of one user on NEW, and which template it is of. */
    private record Rows(
            long user,
            long template,
            long limited,
            CouponId free,
            CouponId twin,
            CouponId used,
            CouponId other,
            CouponId part,
            CouponId back,
            CouponId held,
            CouponId voided) {}

    /**
     * A value that is not what it was.
     *
     * @param named how the violation begins
     * @param table with {@code {name}} for a physical table
     * @param value what it becomes, in SQL
     */
    private record Spoilt(
            String named,
            Supplier<SmallMall> mall,
            DatabaseId database,
            String table,
            String condition,
            String column,
            String value) {
        @Override
        public String toString() {
            return named + " ← " + column + " = " + value;
        }
    }

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
        UseRig rig = new UseRig(side, side.rooms());
        long user = rig.user();
        long template = side.mall().budgeted(1000, 1_000_000);
        long limited = side.mall().template(-1, 2);
        rig.coupon(user, limited);
        rig.coupon(user, limited);
        JsonNode two = StoreConformance.json(rig.rooms()
                .claims()
                .claim(user, List.of(new Claims.Wanted(new TemplateId(template), 2)), Claims.Mode.ALL, "two")
                .json());
        CouponId free = rig.coupon(user, template);
        CouponId held = rig.coupon(user, template);
        CouponId voided = rig.coupon(user, template);
        List<CouponId> uses =
                Stream.generate(() -> rig.coupon(user, template)).limit(4).toList();
        rig.rooms().redemptions().redeem(user, "together", uses.subList(0, 2), Cart.of(LINES), "together");
        RedemptionId part = rig.redeem(user, "part", uses.get(2));
        rig.refund(part, "first", 100);
        RedemptionId back = rig.redeem(user, "back", uses.get(3));
        rig.refundRest(back, "whole");
        rig.hold(user, "held", held);
        rig.rooms().redemptions().voidCoupon(voided, "eve", "why", "void");
        rows = new Rows(
                user,
                template,
                limited,
                free,
                CouponId.parse(two.path("coupons").get(1).path("id").asText()).orElseThrow(),
                uses.get(0),
                uses.get(1),
                uses.get(2),
                uses.get(3),
                held,
                voided);
        aLotOfFiveOfWhichThePieceWithNumberFourIsIssued(template);
        CouponStorm storm = new CouponStorm(side, List.of(template, side.mall().template(-1, 0)));
        storm.codes(6);
        for (int issuance = 0; issuance < 2; issuance++) {
            storm.everybodyWasIssued(storm.issuance(5));
        }
        storm.blow(2, 60);
        storm.settle();
        assertThat(CouponInvariants.violated(side.mall())).isEmpty();

        mall = SideUnderTest.open(Side.OLD);
        UseRig old = new UseRig(mall, mall.rooms());
        buyer = old.user();
        long ofTheMall = mall.mall().template(50, 3);
        old.coupon(buyer, ofTheMall);
        old.redeem(buyer, "o1", old.coupon(buyer, ofTheMall));
        CouponStorm there = new CouponStorm(mall, List.of(ofTheMall, mall.mall().template(-1, 0)));
        there.codesOfTheMall(6);
        there.blow(2, 60);
        mall.mall().copyForwardAll();
        assertThat(MallInvariants.violated(mall.mall())).isEmpty();
        assertThat(MallInvariants.different(mall.mall())).isEmpty();
    }

    private static void aLotOfFiveOfWhichThePieceWithNumberFourIsIssued(long template) {
        DatabaseId shard = DatabaseId.shard(
                side.mall().plan.layout().databaseOf(rows.free().slot()));
        side.mall().execute(shard, "INSERT INTO stock_lot VALUES (7, ?, 5)", template);
        side.mall().execute(shard, "INSERT INTO stock_piece VALUES (7, 4)");
        side.mall()
                .execute(
                        shard,
                        "UPDATE stock_slice SET remaining = remaining - 4 WHERE template_id = ? AND slice_no = 0",
                        template);
    }

    @AfterAll
    static void close() {
        assertThat(violated(side.mall())).as("each value was put back").isEmpty();
        assertThat(violated(mall.mall())).as("each value was put back").isEmpty();
        side.close();
        mall.close();
    }

    private static Spoilt at(int slot, String named, String table, String condition, String column, String value) {
        DatabaseId shard = DatabaseId.shard(side.mall().plan.layout().databaseOf(slot));
        return new Spoilt(
                named,
                side::mall,
                shard,
                table.startsWith("{")
                        ? side.mall().plan.layout().physicalTable(table.substring(1, table.length() - 1), slot)
                        : table,
                condition,
                column,
                value);
    }

    private static Spoilt of(CouponId coupon, String named, String column, String value) {
        String sn = side.rooms().wallet().coupon(coupon).path("coupon_sn").asText();
        return at(coupon.slot(), named, "{user_coupon}", "coupon_sn = '" + sn + "'", column, value);
    }

    private static Spoilt useOf(CouponId coupon, String named, String column, String value) {
        long use = side.mall()
                .number(
                        DatabaseId.shard(side.mall().plan.layout().databaseOf(coupon.slot())),
                        "SELECT redemption_id FROM "
                                + side.mall().plan.layout().physicalTable("coupon_redemption", coupon.slot())
                                + " WHERE coupon_id = ?",
                        coupon.number());
        return at(coupon.slot(), named, "{coupon_redemption}", "redemption_id = " + use, column, value);
    }

    private static Spoilt lineOf(CouponId coupon, String named, String value) {
        return at(
                coupon.slot(),
                named,
                "{coupon_redemption_line}",
                useOf(coupon, "", "", "").condition() + " AND line_no = 0",
                "discount_minor",
                value);
    }

    private static Spoilt entryOf(CouponId coupon, int act, String named, String column, String value) {
        long entry = side.mall()
                .number(
                        DatabaseId.shard(side.mall().plan.layout().databaseOf(coupon.slot())),
                        "SELECT entry_id FROM coupon_ledger WHERE coupon_id = ? AND act = ?",
                        coupon.number(),
                        act);
        return at(coupon.slot(), named, "coupon_ledger", "entry_id = " + entry, column, value);
    }

    /** The answer of the claim of two, which names this coupon in the place of its second. */
    private static Spoilt remembered(String named, CouponId coupon) {
        return at(
                coupon.slot(),
                named,
                "{coupon_operation}",
                "user_id = " + rows.user() + " AND op_id = 'claim:two'",
                "result",
                "JSON_REPLACE(result, '$.coupons[1].id', '" + coupon + "')");
    }

    /** A coupon that was issued and not claimed. */
    private static Spoilt sent(String named, String column, String value) {
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            DatabaseId shard = DatabaseId.shard(side.mall().plan.layout().databaseOf(slot));
            long first = side.mall()
                    .number(
                            shard,
                            "SELECT COALESCE(MIN(coupon_id), -1) FROM "
                                    + side.mall().plan.layout().physicalTable("user_coupon", slot)
                                    + " WHERE source = 0");
            if (first >= 0) {
                return at(slot, named, "{user_coupon}", "coupon_id = " + first, column, value);
            }
        }
        throw new AssertionError("Nobody was issued a coupon.");
    }

    private static Spoilt inMeta(String named, String table, String condition, String column, String value) {
        return new Spoilt(named, side::mall, DatabaseId.META, table, condition, column, value);
    }

    private static Spoilt inTheMall(String named, String table, String condition, String column, String value) {
        return new Spoilt(named, mall::mall, DatabaseId.OLD, table, condition, column, value);
    }

    static List<Spoilt> spoilt() {
        int slot = rows.free().slot();
        String claim = "(SELECT * FROM (SELECT request_no FROM "
                + side.mall().plan.layout().physicalTable("user_coupon", slot) + " WHERE coupon_id = "
                + rows.free().number() + ") x)";
        String slice = "template_id = " + rows.template() + " AND slice_no = 0";
        String stranger = Long.toString(Stream.iterate(rows.user() + 1, next -> next + 1)
                .filter(next -> side.mall().plan.layout().slot(next) != slot)
                .findFirst()
                .orElseThrow());
        List<Spoilt> all = new ArrayList<>(List.of(
                at(slot, "1 a slice", "stock_slice", slice, "remaining", "-1"),
                at(slot, "1 a slice", "stock_slice", slice, "remaining", "allotted + 1"),
                at(slot, "2 template", "stock_slice", slice, "remaining", "remaining - 1"),
                inMeta("2 template", "coupon_template", "template_id = " + rows.template(), "total_quantity", "1001"),
                of(rows.free(), "4 claims", "claim_seq", "77"),
                inMeta("4 user", "coupon_template", "template_id = " + rows.limited(), "per_user_limit", "1"),
                of(rows.twin(), "5 a claim's coupons", "request_no", claim),
                of(rows.twin(), "5 a coupon", "request_no", claim),
                remembered("5 a claim's coupons", rows.free()),
                remembered("5 a coupon", rows.free()),
                remembered("5 no coupon", rows.free()),
                of(rows.free(), "6 each coupon", "coupon_id", "coupon_id + (1 << 30)"),
                of(rows.twin(), "6 a claim", "request_no", claim),
                of(rows.free(), "6 no coupon", "request_no", "'claim:nobody'"),
                useOf(rows.used(), "6 each use", "order_no", "'elsewhere'"),
                of(rows.used(), "8 uses", "status", "1"),
                of(rows.free(), "8 uses", "status", "3"),
                useOf(rows.back(), "9 a use", "refund_status", "0"),
                useOf(
                        rows.part(),
                        "9 a coupon",
                        "coupon_id",
                        Long.toString(rows.used().number())),
                of(rows.used(), "9 a used coupon", "order_no", "'elsewhere'"),
                useOf(
                        rows.other(),
                        "9 an order",
                        "coupon_id",
                        Long.toString(rows.used().number())),
                at(slot, "10 refunds", "{coupon_refund}", "refund_no = 'first'", "amount_minor", "501"),
                at(slot, "10 refunds", "{coupon_refund}", "refund_no = 'whole'", "amount_minor", "499"),
                of(rows.back(), "10 a coupon", "use_round", "2"),
                of(rows.held(), "11 a hold", "hold_until", "NULL"),
                at(slot, "11 who has", "coupon_hold", "order_no = 'held'", "state", "3"),
                at(slot, "12 a hold", "coupon_hold", "order_no = 'held'", "hold_until", "1"),
                entryOf(rows.used(), 4, "13 nothing", "created_at", "9000000000000"),
                entryOf(rows.voided(), 9, "14 the ledger,", "act", "8"),
                entryOf(rows.back(), 7, "14 the ledger,", "act", "6"),
                entryOf(rows.free(), 1, "14 each coupon", "coupon_id", "0"),
                entryOf(rows.back(), 7, "14 no act", "use_round", "3"),
                entryOf(rows.used(), 4, "15 what the ledger says was spared", "amount_minor", "1"),
                entryOf(rows.part(), 5, "15 what the ledger says was taken back", "amount_minor", "1"),
                entryOf(rows.used(), 4, "15 each use", "business_no", "'elsewhere'"),
                inMeta("16 an issuance", "issuance_task", "issuance_no = 'storm-2'", "issued", "issued + 1"),
                sent("16 of template", "source", "1"),
                inMeta("16 of template", "issuance_task", "issuance_no = 'storm-2'", "issued", "issued + 1"),
                of(rows.free(), "17 rows", "user_id", stranger),
                useOf(rows.used(), "17 a use", "user_id", stranger),
                useOf(rows.part(), "18 nothing", "amount_minor", "-1"),
                lineOf(rows.used(), "18 no line", "4001"),
                lineOf(rows.used(), "18 all coupons", "3999"),
                at(slot, "19 a slice", "budget_slice", slice, "remaining", "-1"),
                at(slot, "19 a slice", "budget_slice", slice, "remaining", "allotted + 1"),
                at(slot, "19 of the budget", "budget_slice", slice, "remaining", "remaining - 1"),
                inMeta(
                        "19 of the budget",
                        "template_budget",
                        "template_id = " + rows.template(),
                        "amount_minor",
                        "amount_minor + 1"),
                at(
                        slot,
                        "19 holds",
                        "coupon_hold",
                        "order_no = 'held'",
                        "agreed",
                        "JSON_SET(agreed, '$.reserved.\"" + rows.template() + "\"', 499)"),
                useOf(rows.used(), "19 less than nothing", "amount_minor", "-1000000"),
                at(slot, "19 of the budget", "{coupon_refund}", "refund_no = 'first'", "amount_minor", "101"),
                of(rows.free(), "24 a coupon", "kind", "2"),
                of(rows.free(), "24 a coupon", "discount_type", "3"),
                of(rows.free(), "24 a coupon", "amount_off_minor", "amount_off_minor + 1"),
                of(rows.free(), "24 a coupon", "percent_off_bp", "100"),
                of(rows.free(), "24 a coupon", "threshold_minor", "threshold_minor + 1"),
                of(rows.free(), "24 a coupon", "discount_cap_minor", "1"),
                of(rows.free(), "24 a coupon", "rule_version", "2"),
                inMeta("24 a coupon", "coupon_template", "template_id = " + rows.template(), "threshold_minor", "1"),
                at(slot, "1 a piece", "stock_lot", "lot_id = 7", "pieces", "3")));
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            DatabaseId shard = DatabaseId.shard(database);
            String code = "serial = "
                    + side.mall().number(shard, "SELECT COALESCE(MIN(serial), -1) FROM coupon_code WHERE status = 2");
            if (!code.endsWith("-1")) {
                all.add(new Spoilt("7 coupon", side::mall, shard, "coupon_code", code, "status", "0"));
                all.add(new Spoilt("7 coupon 17", side::mall, shard, "coupon_code", code, "coupon_id", "17"));
            }
        }
        all.add(twoOfOneIssuance());
        all.addAll(ofTheMall());
        return all;
    }

    /** A coupon of the second issuance with the text of the first one's. */
    private static Spoilt twoOfOneIssuance() {
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            String table = side.mall().plan.layout().physicalTable("user_coupon", slot);
            long second = side.mall()
                    .number(
                            DatabaseId.shard(side.mall().plan.layout().databaseOf(slot)),
                            "SELECT COALESCE(MAX(two.coupon_id), -1) FROM " + table + " one JOIN " + table
                                    + " two ON two.user_id = one.user_id AND two.coupon_id > one.coupon_id"
                                    + " WHERE one.source = 0 AND two.source = 0");
            if (second >= 0) {
                String first = "(SELECT * FROM (SELECT one.coupon_sn FROM " + table + " one JOIN " + table
                        + " two ON two.user_id = one.user_id WHERE one.source = 0 AND two.coupon_id = " + second
                        + " AND one.coupon_id <> two.coupon_id LIMIT 1) x)";
                return at(slot, "16 nobody", "{user_coupon}", "coupon_id = " + second, "coupon_sn", first);
            }
        }
        throw new AssertionError("Nobody was issued two coupons.");
    }

    private static List<Spoilt> ofTheMall() {
        String template = "publish_count = 50";
        String coupon = "id = " + idInTheMall("SELECT id FROM mall_coupon_user WHERE order_sn = 'o1'");
        String use = "id = " + idInTheMall("SELECT id FROM mall_order_coupon WHERE order_sn = 'o1'");
        String code = "id = " + idInTheMall("SELECT MIN(id) FROM mall_coupon_code WHERE status = 1");
        return List.of(
                inTheMall("1 stock", "mall_coupon", template, "num", "-7"),
                inTheMall("2 what is left", "mall_coupon", template, "num", "num - 1"),
                inTheMall("4 nobody", "mall_coupon", template, "per_limit", "1"),
                inTheMall("6 each coupon", "mall_coupon_user", coupon, "user_id", "1"),
                inTheMall("6 each use", "mall_order_coupon", use, "order_sn", "'o2'"),
                inTheMall("7 each code", "mall_coupon_code", code, "user_id", "1"),
                inTheMall("9 a coupon", "mall_coupon_user", coupon, "status", "0"),
                inTheMall("9 a used coupon", "mall_order_coupon", use, "coupon_user_id", "1"),
                inTheMall("18 nothing", "mall_order_coupon", use, "coupon_amount", "-1"),
                inTheMall("23 user_coupon", "mall_coupon_user", coupon, "end_time", "end_time + INTERVAL 1 SECOND"),
                inTheMall("23 coupon_redemption", "mall_order_coupon", use, "refund_no", "'x'"),
                inTheMall(
                        "23 coupon_operation",
                        "mall_coupon_operation",
                        "user_id = " + buyer + " AND op_id LIKE 'redeem:%'",
                        "result",
                        "'{}'"));
    }

    private static long idInTheMall(String sql) {
        return mall.mall().number(DatabaseId.OLD, sql);
    }

    @ParameterizedTest
    @MethodSource("spoilt")
    void theInvariantThatASpoiltValueBreaksIsNamed(Spoilt spoilt) throws SQLException {
        SmallMall spoiled = spoilt.mall().get();
        try (Connection connection =
                spoiled.topology.database(spoilt.database()).getConnection()) {
            String where = " WHERE " + spoilt.condition();
            // In a list, for it may be nothing.
            List<@Nullable String> before = Sql.list(
                    connection,
                    row -> row.getString(1),
                    "SELECT " + spoilt.column() + " FROM " + spoilt.table() + where);
            assertThat(before).hasSize(1);
            String update = "UPDATE " + spoilt.table() + " SET " + spoilt.column() + " = ";
            Sql.update(connection, update + spoilt.value() + where);
            try {
                assertThat(violated(spoiled))
                        .anySatisfy(line -> assertThat(line).startsWith(spoilt.named()));
            } finally {
                Sql.update(connection, update + "?" + where, before.get(0));
            }
        }
    }

    private static List<String> violated(SmallMall spoiled) {
        if (spoiled == side.mall()) {
            return CouponInvariants.violated(spoiled);
        }
        List<String> all = new ArrayList<>(MallInvariants.violated(spoiled));
        all.addAll(MallInvariants.different(spoiled));
        return all;
    }

    @Test
    void whoWasRefusedStockThatThereIsIsFound() {
        long template = side.mall().template(1, 0);
        CouponStorm storm = new CouponStorm(side, List.of(template, side.mall().template(-1, 0)));
        storm.blow(2, 40);
        assertThat(storm.soldOut()).contains(template);
        storm.whoWasRefusedStockWasRefusedRightly();
        String slice = "UPDATE stock_slice SET remaining = remaining + ? WHERE template_id = ? AND slice_no = 0";
        side.mall().execute(DatabaseId.shard(0), slice, 2, template);
        try {
            assertThatThrownBy(storm::whoWasRefusedStockWasRefusedRightly).hasMessageContaining("3 what is left");
        } finally {
            side.mall().execute(DatabaseId.shard(0), slice, -2, template);
        }
    }
}
