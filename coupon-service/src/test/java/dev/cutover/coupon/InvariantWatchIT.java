package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.invariant.InvariantWatch;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.template.RefundPolicy;
import dev.cutover.coupon.template.Terms;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class InvariantWatchIT {
    private static SideUnderTest side;
    private static UseRig rig;
    private static long template;

    private SimpleMeterRegistry meters;
    private InvariantWatch watch;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
        rig = new UseRig(side, side.rooms());
        template =
                BudgetsIT.published(side.rooms(), TemplatesIT.rules(100_000L, null, BudgetsIT.budget(100_000_000), 0));
    }

    @BeforeEach
    void watch() {
        meters = new SimpleMeterRegistry();
        watch = new InvariantWatch(side.mall().topology, side.rooms().databases(), meters);
    }

    @AfterAll
    static void close() {
        side.close();
    }

    /** What the gauges say, by the number of their invariant. */
    private Map<String, Double> told() {
        Map<String, Double> told = new TreeMap<>();
        meters.find("coupon.invariant.violations")
                .gauges()
                .forEach(gauge -> told.put(String.valueOf(gauge.getId().getTag("invariant")), gauge.value()));
        return told;
    }

    private double told(String number) {
        return meters.get("coupon.invariant.violations")
                .tag("invariant", number)
                .gauge()
                .value();
    }

    private static Collection<Double> other(Map<String, Double> told) {
        return told.values().stream().filter(value -> value != 0).toList();
    }

    /** What the gauge of this invariant says while the rows are so, and that none does before and after it. */
    private double broken(String number, int slot, String breaks, String mends) {
        watch.tick();
        watch.tick();
        assertThat(other(told())).as("%s", told()).isEmpty();
        assertThat(rig.execute(slot, breaks)).isPositive();
        watch.tick();
        double once = told(number);
        watch.tick();
        double twice = told(number);
        assertThat(rig.execute(slot, mends)).isPositive();
        watch.tick();
        assertThat(other(told())).as("%s", told()).isEmpty();
        // A total is not believed to be wrong at first sight.
        boolean total = number.equals("2") || number.equals("19");
        assertThat(once).isEqualTo(total ? 0 : twice);
        return twice;
    }

    @Test
    void whatIsBrokenIsToldByTheGaugeOfItsInvariant() {
        assertThat(told()).containsOnlyKeys("1", "2", "9", "10", "11", "12", "16", "17", "18", "19", "20");
        assertThat(told().values()).containsOnly(Double.NaN);
        long user = rig.user();
        CouponId used = rig.coupon(user, template);
        CouponId held = rig.coupon(user, template);
        CouponId back = rig.coupon(user, template);
        rig.redeem(user, "o1", used);
        rig.hold(user, "o2", held);
        rig.refund(rig.redeem(user, "o3", back), "r1", 100);
        long never = BudgetsIT.published(
                side.rooms(),
                TemplatesIT.rules(
                        null, null, new Terms(0, 1, null, null, null, null, RefundPolicy.NEVER, null, null, true), 0));
        rig.refundRest(rig.redeem(user, "o4", rig.coupon(user, never)), "r2");
        int slot = used.slot();
        String slice =
                "UPDATE stock_slice SET remaining = remaining %s WHERE template_id = " + template + " AND slice_no = 0";
        assertThat(broken("1", slot, slice.formatted("- 200000"), slice.formatted("+ 200000")))
                .isEqualTo(1);
        assertThat(broken("2", slot, slice.formatted("- 1"), slice.formatted("+ 1")))
                .isEqualTo(1);
        String budget = slice.replace("stock_slice", "budget_slice");
        assertThat(broken("19", slot, budget.formatted("- 1"), budget.formatted("+ 1")))
                .isEqualTo(1);
        String status = "UPDATE {user_coupon} SET status = %d WHERE coupon_id = " + used.number();
        assertThat(broken("9", slot, status.formatted(1), status.formatted(3))).isEqualTo(1);
        String order = "UPDATE {user_coupon} SET order_no = '%s' WHERE coupon_id = " + used.number();
        assertThat(broken("9", slot, order.formatted("elsewhere"), order.formatted("o1")))
                .isEqualTo(1);
        String use = "UPDATE {coupon_redemption} SET order_no = order_no, amount_minor = amount_minor %s"
                + " WHERE coupon_id = " + back.number();
        assertThat(broken("10", slot, use.formatted("- 450"), use.formatted("+ 450")))
                .isEqualTo(1);
        String hold = "UPDATE coupon_hold SET state = %d WHERE order_no = 'o2'";
        assertThat(broken("11", slot, hold.formatted(3), hold.formatted(1))).isEqualTo(1);
        String until = "UPDATE coupon_hold SET hold_until = hold_until %s WHERE order_no = 'o2'";
        assertThat(broken("12", slot, until.formatted("- 1000000000"), until.formatted("+ 1000000000")))
                .isEqualTo(1);
        String owner = "UPDATE {user_coupon} SET user_id = user_id %s WHERE coupon_id = " + held.number();
        assertThat(broken("17", slot, owner.formatted("+ 1"), owner.formatted("- 1")))
                .isEqualTo(1);
        String twice = " WHERE coupon_id = " + held.number();
        assertThat(broken(
                        "20",
                        slot,
                        "INSERT INTO {user_coupon_archive} SELECT * FROM {user_coupon}" + twice,
                        "DELETE FROM {user_coupon_archive}" + twice))
                .isEqualTo(1);
        String line = "UPDATE {coupon_redemption_line} SET discount_minor = discount_minor %s WHERE redemption_id ="
                + " (SELECT redemption_id FROM {coupon_redemption} WHERE coupon_id = " + used.number() + ")";
        assertThat(broken("18", slot, line.formatted("+ 1"), line.formatted("- 1")))
                .isEqualTo(1);
    }

    @Test
    void nobodyIsSuspectedWhileEverybodyWrites() {
        CouponStorm storm = new CouponStorm(side, List.of(template, side.mall().template(-1, 0)));
        storm.codes(20);
        Operator ann = new Operator("ann");
        storm.blowThrough(4, 10, () -> {
            for (int look = 0; look < 12; look++) {
                rig.rooms()
                        .backOffice()
                        .adjustments()
                        .adjust(
                                new StockId(StockId.Kind.COUPONS, new TemplateId(template)),
                                "look-" + look,
                                look % 2 == 0 ? 7 : -5,
                                ann);
                watch.tick();
                assertThat(told().values()).doesNotContain(Double.NaN);
                assertThat(other(told())).as("%s", told()).isEmpty();
            }
        });
        storm.settle();
        watch.tick();
        watch.tick();
        assertThat(other(told())).as("%s", told()).isEmpty();
    }

    @Test
    void aSideThatDoesNotHoldTheTruthIsNotAsked() {
        try (SideUnderTest old = SideUnderTest.open(Side.OLD)) {
            SimpleMeterRegistry quiet = new SimpleMeterRegistry();
            new InvariantWatch(old.mall().topology, old.rooms().databases(), quiet).tick();
            assertThat(quiet.find("coupon.invariant.violations").gauges())
                    .allSatisfy(gauge -> assertThat(gauge.value()).isNaN());
        }
    }
}
