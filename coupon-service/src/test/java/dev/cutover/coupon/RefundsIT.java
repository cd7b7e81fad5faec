package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.OrderLine;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.refusal.Refusal.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Uses taken back in parts: never more than they took off, each refund number once, the coupon back at most once a use. */
final class RefundsIT {
    private static SideUnderTest side;
    private static MovableClock clock;
    private static UseRig rig;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
        clock = new MovableClock();
        rig = new UseRig(side, side.roomsWith(clock, Failpoints.NONE));
    }

    @AfterAll
    static void close() {
        side.close();
    }

    private static Optional<Reason> refusal(Runnable call) {
        return UseRig.refusal(call);
    }

    private static long refunded(RedemptionId redemption) {
        return rig.number(
                redemption.slot(),
                "SELECT COALESCE(SUM(amount_minor), 0) FROM {coupon_refund} WHERE redemption_id = ?",
                redemption.number());
    }

    private static long round(CouponId coupon) {
        return rig.number(coupon.slot(), "SELECT use_round FROM {user_coupon} WHERE coupon_id = ?", coupon.number());
    }

    @Test
    void partsAreTakenBackUntilNothingIsLeftAndThenTheCouponComesBack() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        RedemptionId redemption = rig.redeem(user, "o1", coupon);
        JsonNode first = rig.refund(redemption, "r1", 200);
        assertThat(first.path("coupon_restored").asBoolean()).isFalse();
        assertThat(first.path("coupon_status").asText()).isEqualTo("USED");
        assertThat(first.path("refunded_minor").asLong()).isEqualTo(200);
        assertThat(refusal(() -> rig.refund(redemption, "r2", 301))).contains(Reason.REFUND_EXCEEDS_REDEEMED);
        assertThat(rig.rooms()
                        .redemptions()
                        .get(redemption)
                        .path("refund_status")
                        .asText())
                .isEqualTo("PART");
        JsonNode rest = rig.refundRest(redemption, "r2");
        assertThat(rest.path("amount_minor").asLong()).isEqualTo(300);
        assertThat(rest.path("coupon_restored").asBoolean()).isTrue();
        assertThat(round(coupon)).isEqualTo(1);
        assertThat(rig.rooms().redemptions().get(redemption).path("refunds").findValuesAsText("refund_no"))
                .containsExactlyInAnyOrder("r1", "r2");
        RedemptionId second = rig.redeem(user, "o1", coupon);
        assertThat(refusal(() -> rig.refundRest(redemption, "r3"))).contains(Reason.ALREADY_REFUNDED);
        assertThat(rig.status(coupon)).isEqualTo("USED");
        rig.refundRest(second, "r1");
        assertThat(round(coupon)).isEqualTo(2);
    }

    @Test
    void linesAreTakenBackForTheirSharesEachOnce() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        Cart cart = Cart.of(List.of(
                new OrderLine(new Product("p1", null, null), 1, 1000, 0),
                new OrderLine(new Product("p2", null, null), 1, 2000, 0),
                new OrderLine(new Product("p3", null, null), 1, 4000, 0)));
        RedemptionId redemption = rig.redeem(user, "o1", coupon, cart);
        List<Long> shares = new ArrayList<>();
        rig.rooms()
                .redemptions()
                .get(redemption)
                .path("lines")
                .forEach(line -> shares.add(line.path("discount_minor").asLong()));
        assertThat(shares).containsExactly(71L, 143L, 286L);
        assertThat(refundLines(redemption, "r1", 1, 0).path("amount_minor").asLong())
                .isEqualTo(214);
        assertThat(refusal(() -> refundLines(redemption, "r2", 1, 2))).contains(Reason.REFUND_EXCEEDS_REDEEMED);
        assertThat(refusal(() -> refundLines(redemption, "r2", 7))).contains(Reason.REFUND_EXCEEDS_REDEEMED);
        assertThat(refundLines(redemption, "r2", 2).path("coupon_restored").asBoolean())
                .isTrue();
    }

    private static JsonNode refundLines(RedemptionId redemption, String refundNo, Integer... lines) {
        return StoreConformance.json(rig.rooms()
                .redemptions()
                .refund(redemption, OptionalLong.empty(), refundNo, OptionalLong.empty(), List.of(lines), UseRig.key())
                .json());
    }

    @Test
    void randomRefundsNeverTakeBackMoreThanWasTakenOff() {
        for (int seed = 0; seed < 6; seed++) {
            Random random = new Random(seed);
            long user = rig.user();
            CouponId coupon = rig.coupon(user);
            long restores = 0;
            for (int use = 0; use < 3; use++) {
                RedemptionId redemption = rig.redeem(user, "o" + use, coupon);
                boolean back = false;
                for (int step = 0; step < 12 && !back; step++) {
                    String refundNo = "r" + random.nextInt(6);
                    long amount = 1 + random.nextInt(220);
                    long before = refunded(redemption);
                    AtomicLong restored = new AtomicLong();
                    Optional<Reason> refused = refusal(() -> {
                        JsonNode answer = random.nextInt(10) == 0
                                ? rig.refundRest(redemption, refundNo)
                                : rig.refund(redemption, refundNo, amount);
                        restored.set(answer.path("coupon_restored").asBoolean() ? 1 : 0);
                    });
                    assertThat(refunded(redemption)).as("seed %d", seed).isBetween(before, 500L);
                    if (refused.isPresent()) {
                        assertThat(refunded(redemption)).isEqualTo(before);
                        assertThat(refused.get()).isIn(Reason.REFUND_EXCEEDS_REDEEMED, Reason.ALREADY_REFUNDED);
                    }
                    restores += restored.get();
                    back = restored.get() == 1;
                    assertThat(back).isEqualTo(refunded(redemption) == 500);
                }
                if (!back) {
                    rig.refundRest(redemption, "the-rest");
                    restores++;
                }
            }
            assertThat(round(coupon)).as("seed %d", seed).isEqualTo(restores).isEqualTo(3);
        }
    }

    @Test
    void partsAtTheSameMomentComeToNoMoreThanTheWhole() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        RedemptionId redemption = rig.redeem(user, "o1", coupon);
        AtomicInteger restored = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        Parallel.run(16, i -> {
            Optional<Reason> refused = refusal(() -> {
                if (rig.refund(redemption, "r" + i, 100).path("coupon_restored").asBoolean()) {
                    restored.incrementAndGet();
                }
                done.incrementAndGet();
            });
            refused.ifPresent(
                    reason -> assertThat(reason).isIn(Reason.REFUND_EXCEEDS_REDEEMED, Reason.ALREADY_REFUNDED));
        });
        assertThat(done).hasValue(5);
        assertThat(restored).hasValue(1);
        assertThat(refunded(redemption)).isEqualTo(500);
        assertThat(round(coupon)).isEqualTo(1);
    }

    /** The twin that sums up before it locks, as all the others do. */
    @Test
    void whereTheSumIsReadBeforeTheLockPartsComeToMoreThanTheWhole() {
        long user = rig.user();
        RedemptionId redemption = rig.redeem(user, "o1", rig.coupon(user));
        int parts = 8;
        UseRig racing = rig.through(
                side.roomsWith(clock, HoldsIT.meeting(parts, Duration.ofSeconds(2), Set.of("refund.sumsUnlocked"))));
        Parallel.run(parts, i -> racing.refund(redemption, "r" + i, 100));
        assertThat(refunded(redemption)).isEqualTo(parts * 100);
        assertThat(CouponInvariants.violated(side.mall()))
                .anySatisfy(line ->
                        assertThat(line).startsWith("10 refunds of a use").contains(": " + redemption.number()));
    }

    private static long sameRefundEightTimes(RedemptionId redemption) {
        AtomicInteger done = new AtomicInteger();
        Parallel.run(8, i -> {
            Optional<Reason> refused = refusal(() -> {
                rig.refund(redemption, "the-same", 50);
                done.incrementAndGet();
            });
            refused.ifPresent(reason -> assertThat(reason).isEqualTo(Reason.ALREADY_REFUNDED));
        });
        return done.get();
    }

    @Test
    void oneRefundNumberActsOnceWhateverTheKey() {
        long user = rig.user();
        RedemptionId redemption = rig.redeem(user, "o1", rig.coupon(user));
        assertThat(sameRefundEightTimes(redemption)).isEqualTo(1);
        assertThat(refunded(redemption)).isEqualTo(50);
    }

    /** The twin without the key: it must fail, or the test above shows nothing. */
    @Test
    void withoutTheUniqueKeyOneRefundNumberWouldActSeveralTimes() {
        long user = rig.user();
        RedemptionId redemption = rig.redeem(user, "o1", rig.coupon(user));
        rig.execute(redemption.slot(), "ALTER TABLE {coupon_refund} DROP PRIMARY KEY");
        try {
            assertThat(sameRefundEightTimes(redemption)).isGreaterThan(1);
        } finally {
            rig.execute(redemption.slot(), "DELETE FROM {coupon_refund} WHERE refund_no = 'the-same'");
            rig.execute(redemption.slot(), "ALTER TABLE {coupon_refund} ADD PRIMARY KEY (redemption_id, refund_no)");
        }
    }

    @Test
    void theRefundOfACancelledOrderDoesNotFreeTheCouponOfTheNext() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        RedemptionId cancelled = rig.redeem(user, "a", coupon);
        rig.refundRest(cancelled, "r1");
        rig.redeem(user, "b", coupon);
        assertThat(refusal(() -> rig.redeem(user, "a", coupon))).contains(Reason.COUPON_ALREADY_USED);
        assertThat(refusal(() -> rig.refund(cancelled, "r2", 1))).contains(Reason.ALREADY_REFUNDED);
        assertThat(rig.status(coupon)).isEqualTo("USED");
    }

    @Test
    void whatBecomesOfTheCouponIsThePolicyOfItsTemplate() {
        assertThat(afterRefund(1, 0, Duration.ofHours(1))).isEqualTo("AVAILABLE");
        assertThat(afterRefund(1, 0, Duration.ofDays(9))).isEqualTo("EXPIRED");
        assertThat(afterRefund(2, 0, Duration.ofDays(9))).isEqualTo("AVAILABLE");
        assertThat(afterRefund(3, 2, Duration.ofDays(9))).isEqualTo("AVAILABLE");
        assertThat(afterRefund(3, 0, Duration.ofDays(9))).isEqualTo("EXPIRED");
        assertThat(afterRefund(4, 0, Duration.ofHours(1))).isEqualTo("USED");
    }

    private static String afterRefund(int policy, int days, Duration later) {
        long template = side.mall().template(10, 0);
        side.mall()
                .execute(
                        DatabaseId.META,
                        "UPDATE coupon_template SET refund_policy = ?, extend_days = ? WHERE template_id = ?",
                        policy,
                        days,
                        template);
        MovableClock own = new MovableClock();
        UseRig other = rig.through(side.roomsWith(own, Failpoints.NONE));
        long user = rig.user();
        CouponId coupon = other.coupon(user, template);
        RedemptionId redemption = other.redeem(user, "o1", coupon);
        own.forward(later);
        JsonNode refund = other.refundRest(redemption, "r1");
        assertThat(refund.path("coupon_status").asText()).isEqualTo(other.status(coupon));
        assertThat(refund.path("coupon_restored").asBoolean()).isEqualTo(policy != 4);
        if (other.status(coupon).equals("EXPIRED")) {
            assertThat(rig.number(
                            coupon.slot(),
                            "SELECT use_round FROM coupon_ledger WHERE coupon_id = ? AND act = 8",
                            coupon.number()))
                    .as("it came back, and then expired")
                    .isEqualTo(1);
        }
        if (policy == 2) {
            // It had its three days when it was used, and has them now.
            assertThat(other.rooms().wallet().coupon(coupon).path("valid_to").asText())
                    .isEqualTo(Instant.ofEpochMilli(own.millis())
                            .plus(Duration.ofDays(3))
                            .toString());
        }
        return other.status(coupon);
    }

    @Test
    void aCrashBehindARefundLeavesNothingOfItAndTheKeyCanBeUsedAgain() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        RedemptionId redemption = rig.redeem(user, "o1", coupon);
        AtomicInteger crashes = new AtomicInteger();
        UseRig crashing = rig.through(side.roomsWith(clock, point -> {
            if (point == Failpoint.USE_WRITTEN && crashes.incrementAndGet() == 1) {
                throw new IllegalStateException("crash");
            }
        }));
        assertThatThrownBy(() -> crashing.refundRest(redemption, "r1")).hasMessageContaining("crash");
        assertThat(refunded(redemption)).isZero();
        assertThat(rig.status(coupon)).isEqualTo("USED");
        assertThat(crashing.refundRest(redemption, "r1").path("coupon_restored").asBoolean())
                .isTrue();
    }
}
