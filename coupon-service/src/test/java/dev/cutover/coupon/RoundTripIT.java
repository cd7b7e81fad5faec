package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.store.MigrationFenceException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What is written natively on one side is, bit by bit, what the plan makes of it from the other side; and units name all they touch. */
final class RoundTripIT {
    /** A little of everything a unit can write, for users of every slot. */
    private static void live(SideUnderTest side) {
        SmallMall mall = side.mall();
        long days = mall.template(1000, 0);
        long range = mall.template(
                1000,
                0,
                Map.of(
                        "type",
                        1,
                        "amount",
                        "8.50",
                        "time_type",
                        1,
                        "start_time",
                        "2026-01-01 00:00:00",
                        "end_time",
                        "2090-12-31 23:59:59"));
        long freight = mall.template(-1, 0, Map.of("type", 2, "amount", "12.34", "min_point", "0.00"));
        for (int i = 0; i < 12; i++) {
            long user = mall.user();
            String key = "k" + i;
            for (long template : List.of(days, range, freight)) {
                side.rooms().claims().claim(user, new TemplateId(template), 2, key + "-" + template);
            }
            List<CouponId> coupons = ids(side, user);
            String redemptions = side.rooms()
                    .redemptions()
                    .redeem(user, "order-" + i, coupons.subList(0, 4), Cart.of(OptionalLong.of(12_345)), key)
                    .json();
            RedemptionId redemption = RedemptionId.parse(StoreConformance.json(redemptions)
                            .path("redemptions")
                            .get(0)
                            .path("id")
                            .asText())
                    .orElseThrow();
            side.rooms().redemptions().refund(redemption, OptionalLong.empty(), "refund-" + i, key);
        }
    }

    private static List<CouponId> ids(SideUnderTest side, long user) {
        List<CouponId> ids = new ArrayList<>();
        side.rooms()
                .wallet()
                .page(user, 100, Optional.empty(), Optional.empty())
                .path("data")
                .forEach(coupon ->
                        ids.add(CouponId.parse(coupon.path("id").asText()).orElseThrow()));
        return ids;
    }

    /** OLD projected forward, by table, slot and key. */
    private static Map<String, String> projectedFromOld(SmallMall mall) throws SQLException {
        Map<String, String> rows = new TreeMap<>();
        for (TablePlan table : mall.plan.dynamicTables()) {
            Projection projection = Projection.forward(mall.topology, table);
            try (Connection old = mall.topology.database(DatabaseId.OLD).getConnection()) {
                for (ProjectedRow row : new RowReader().byRange(old, projection, table.fromTable(), KeyRange.ALL)) {
                    assertThat(row.rejected()).isFalse();
                    rows.put(
                            table.name() + "/" + row.slot() + "/"
                                    + row.sourceKey().text(),
                            text(projection, row));
                }
            }
        }
        return rows;
    }

    /** The same of the rows NEW holds. */
    private static Map<String, String> heldByNew(SmallMall mall) throws SQLException {
        Map<String, String> rows = new TreeMap<>();
        for (TablePlan table : mall.plan.dynamicTables()) {
            Projection projection = Projection.forward(mall.topology, table);
            List<String> columns = projection.comparedColumns();
            for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
                String select = "SELECT "
                        + String.join(
                                ", ",
                                columns.stream()
                                        .map(projection::targetExpression)
                                        .toList())
                        + " FROM " + mall.plan.physicalTable(table, slot);
                try (Connection shard = mall.topology
                                .database(mall.plan.databaseOf(table, slot))
                                .getConnection();
                        var statement = shard.createStatement();
                        var row = statement.executeQuery(select)) {
                    while (row.next()) {
                        List<String> values = new ArrayList<>();
                        for (int i = 1; i <= columns.size(); i++) {
                            byte[] value = row.getBytes(i);
                            values.add(columns.get(i - 1) + "="
                                    + (value == null ? "NULL" : new String(value, StandardCharsets.UTF_8)));
                        }
                        String key = table.name().equals("coupon_operation")
                                ? new RowKey(List.of(row.getString(1), row.getString(2))).text()
                                : Long.toString(row.getLong(1) >> 10);
                        rows.put(table.name() + "/" + slot + "/" + key, String.join(", ", values));
                    }
                }
            }
        }
        return rows;
    }

    private static String text(Projection projection, ProjectedRow row) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < projection.columns().size(); i++) {
            if (projection.columns().get(i).compared()) {
                byte[] value = row.value(i);
                values.add(projection.columns().get(i).name() + "="
                        + (value == null ? "NULL" : new String(value, StandardCharsets.UTF_8)));
            }
        }
        return String.join(", ", values);
    }

    private static List<String> differences(Map<String, String> one, Map<String, String> other) {
        Set<String> keys = new TreeSet<>(one.keySet());
        keys.addAll(other.keySet());
        return keys.stream()
                .filter(key -> !Objects.equals(one.get(key), other.get(key)))
                .map(key -> key + ": " + one.get(key) + " / " + other.get(key))
                .toList();
    }

    private static Map<String, String> ofUser(long user, Map<String, String> rows) {
        Map<String, String> own = new TreeMap<>(rows);
        own.values().removeIf(values -> !values.contains("user_id=" + user + ","));
        return own;
    }

    @Test
    void rowsOfTheNewSideSurviveTheWayBackAndForth() throws SQLException {
        try (SideUnderTest side = SideUnderTest.open(Side.NEW)) {
            live(side);
            Map<String, String> written = heldByNew(side.mall());
            side.mall().copyBackAll();
            assertThat(differences(projectedFromOld(side.mall()), written)).isEmpty();
            assertThat(written).hasSize(12 * (6 + 4 + 5));
        }
    }

    /** Holds, parts of refunds and recalls, as far as the mall's columns can tell of them. */
    private static RedemptionId liveOnNew(SideUnderTest side, long user) {
        UseRig rig = new UseRig(side, side.rooms());
        long template = side.mall().template(1000, 0);
        rig.hold(user, "held", rig.coupon(user, template));
        rig.release(rig.hold(user, "released", rig.coupon(user, template)));
        rig.confirm(rig.hold(user, "confirmed", rig.coupon(user, template)));
        RedemptionId part = rig.redeem(user, "part", rig.coupon(user, template));
        rig.refund(part, "part-1", 200);
        RedemptionId whole = rig.redeem(user, "whole", rig.coupon(user, template));
        rig.refund(whole, "whole-1", 200);
        rig.refundRest(whole, "whole-2");
        rig.rooms().redemptions().voidCoupon(rig.coupon(user, template), "eve", "fraud", "void");
        return part;
    }

    @Test
    void whatOnlyTheNewSideCanDoGoesBackAsFarAsTheMallCanTellAndIsKeptFromDoingHarmThere() throws SQLException {
        try (SideUnderTest side = SideUnderTest.open(Side.NEW)) {
            SmallMall mall = side.mall();
            long user = mall.user();
            RedemptionId part = liveOnNew(side, user);
            Map<String, String> written = heldByNew(mall);
            mall.copyBackAll();
            assertThat(differences(projectedFromOld(mall), written)).isEmpty();
            assertThat(mall.number(DatabaseId.OLD, "SELECT COUNT(*) FROM mall_coupon_user WHERE status = 0"))
                    .as("held, released, restored")
                    .isEqualTo(3);
            assertThat(mall.number(DatabaseId.OLD, "SELECT COUNT(*) FROM mall_coupon_user WHERE status = 3"))
                    .isEqualTo(1);
            assertThat(mall.number(
                            DatabaseId.OLD,
                            "SELECT COUNT(*) FROM mall_order_coupon WHERE refund_status = 0 AND refund_no = 'part-1'"))
                    .isEqualTo(1);

            mall.moveTruth(Side.OLD);
            Awaitility.await().until(() -> side.proxy().register().truth() == Side.OLD);
            UseRig rig = new UseRig(side, side.rooms());
            assertThatThrownBy(() -> rig.refundRest(part, "all-of-it-again"))
                    .isInstanceOf(MigrationFenceException.class)
                    .hasMessageContaining("part-1");
            CouponId coupon = rig.coupon(user, mall.template(10, 0));
            assertThatThrownBy(() -> rig.hold(user, "o", coupon)).isInstanceOf(MigrationFenceException.class);
            RedemptionId onOld = rig.redeem(user, "o", coupon);
            assertThatThrownBy(() -> rig.refund(onOld, "r", 100)).isInstanceOf(MigrationFenceException.class);
            rig.refundRest(onOld, "r");
        }
    }

    @Test
    void whatOnlyTheNewSideCouldDoIsToldTheSameOnceOldHoldsTheTruthAgain() {
        try (SideUnderTest side = SideUnderTest.open(Side.NEW)) {
            UseRig rig = new UseRig(side, side.rooms());
            long user = rig.user();
            OptionalLong owner = OptionalLong.of(user);
            long template = side.mall().template(1000, 0);
            CouponId held = rig.coupon(user, template);
            CouponId released = rig.coupon(user, template);
            HoldId second = rig.hold(user, "released", released);
            RedemptionId used = rig.redeem(user, "used", rig.coupon(user, template));
            Supplier<Answer> hold =
                    () -> rig.rooms().holds().hold(user, "o", List.of(held), UseRig.ORDER, UseRig.TTL, "h");
            Answer answer = hold.get();
            HoldId first = HoldId.parse(
                            StoreConformance.json(answer.json()).path("id").asText())
                    .orElseThrow();
            Map<Supplier<Answer>, Answer> answers = new HashMap<>(Map.of(hold, answer));
            for (Supplier<Answer> act : List.<Supplier<Answer>>of(
                    () -> rig.rooms().holds().confirm(first, owner, "c"),
                    () -> rig.rooms().holds().release(second, owner, "r"),
                    () -> rig.rooms()
                            .redemptions()
                            .refund(used, OptionalLong.empty(), "part", OptionalLong.of(100), List.of(), "p"))) {
                answers.put(act, act.get());
            }
            side.mall().copyBackAll();
            side.mall().moveTruth(Side.OLD);
            Awaitility.await().until(() -> side.proxy().register().truth() == Side.OLD);
            answers.forEach((act, told) -> assertThat(act.get()).isEqualTo(new Answer(told.json(), true)));
        }
    }

    @Test
    void rowsOfTheMallAreWhatTheyBecome() throws SQLException {
        try (SideUnderTest side = SideUnderTest.open(Side.OLD)) {
            live(side);
            Map<String, String> projected = projectedFromOld(side.mall());
            side.mall().copyForwardAll();
            assertThat(differences(heldByNew(side.mall()), projected)).isEmpty();
            assertThat(projected).hasSize(12 * (6 + 4 + 5));
            side.mall().copyBackAll();
            assertThat(differences(projectedFromOld(side.mall()), projected)).isEmpty();
        }
    }

    /** Mirrors alone carry the rows here: no stream runs, so a row that a unit did not name would be missing or stale. */
    @Test
    void unitsNameEveryRowTheyChange() {
        for (Side truth : Side.values()) {
            try (SideUnderTest side = SideUnderTest.open(truth)) {
                SmallMall mall = side.mall();
                TemplateId template = new TemplateId(mall.template(1000, 0));
                mall.mirror();
                Awaitility.await().until(() -> side.proxy().mode().mirrors());
                List<Long> early = new ArrayList<>();
                // The first ones are missed until the proxy has its projections.
                Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
                    long user = mall.user();
                    side.rooms().claims().claim(user, template, 1, "early");
                    early.add(user);
                    return early.stream().anyMatch(one -> mirrored(mall, one));
                });

                long user = mall.user();
                side.rooms().claims().claim(user, template, 2, "claim");
                awaitMirrored(mall, user, 2 + 1);
                String used = side.rooms()
                        .redemptions()
                        .redeem(user, "order", ids(side, user), UseRig.ORDER, "redeem")
                        .json();
                awaitMirrored(mall, user, 2 + 1 + 2 + 1);
                RedemptionId redemption = RedemptionId.parse(StoreConformance.json(used)
                                .path("redemptions")
                                .get(1)
                                .path("id")
                                .asText())
                        .orElseThrow();
                side.rooms().redemptions().refund(redemption, OptionalLong.empty(), "refund", "refund");
                awaitMirrored(mall, user, 2 + 1 + 2 + 1 + 1);
                if (truth == Side.NEW) {
                    long another = mall.user();
                    liveOnNew(side, another);
                    // Six coupons with a claim each, three holds, a release, three uses, a confirmation among them,
                    // three
                    // refunds, a recall.
                    awaitMirrored(mall, another, 6 + 6 + 3 + 1 + 3 + 3 + 3 + 1);
                }
            }
        }
    }

    private static boolean mirrored(SmallMall mall, long user) {
        try {
            Map<String, String> old = ofUser(user, projectedFromOld(mall));
            return !old.isEmpty() && old.equals(ofUser(user, heldByNew(mall)));
        } catch (SQLException e) {
            throw new IllegalStateException("The sides could not be read: " + e.getMessage(), e);
        }
    }

    private static void awaitMirrored(SmallMall mall, long user, int rows) {
        Awaitility.await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            Map<String, String> old = ofUser(user, projectedFromOld(mall));
            assertThat(differences(old, ofUser(user, heldByNew(mall)))).isEmpty();
            assertThat(old).hasSize(rows);
        });
    }
}
