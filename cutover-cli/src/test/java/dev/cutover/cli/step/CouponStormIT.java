package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.shop.WorkerThread;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.CouponInvariants;
import dev.cutover.coupon.CouponStorm;
import dev.cutover.coupon.MallInvariants;
import dev.cutover.coupon.SideUnderTest;
import dev.cutover.coupon.SmallMall;
import dev.cutover.coupon.id.IssuanceId;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/**
 * All commands of coupons while the mall is migrated, switched, rolled back and switched again. After each move, on the side that holds the
 * truth, every invariant by SQL; both sides the same; and whoever asks again is told what he was told before. With
 * {@code CUTOVER_FAULTS=full} there and back many times.
 */
final class CouponStormIT {
    private static final boolean FULL = "full".equals(System.getenv("CUTOVER_FAULTS"));
    private static final int THREADS = FULL ? 16 : 6;
    private static final int AFTER = FULL ? 100 : 12;
    private static final int AGAIN = FULL ? 5_000 : 300;
    private static final int ROUNDS = FULL ? 6 : 1;

    @Test
    void aMigrationWithSwitchRollbackAndSwitchInTheMiddleOfAStormKeepsEveryInvariant() {
        try (SideUnderTest side = SideUnderTest.open(Side.OLD);
                Stages stages = new Stages(side.mall().topology, side.mall().control);
                WorkerThread ignored = WorkerThread.start(side.mall().topology, side.mall().control, "worker")) {
            SmallMall mall = side.mall();
            CouponStorm storm = new CouponStorm(
                    side,
                    List.of(
                            mall.templateOfTheMall(FULL ? 2_000 : 120, 0),
                            mall.templateOfTheMall(-1, 0),
                            mall.templateOfTheMall(-1, 9),
                            mall.templateOfTheMall(FULL ? 9_000 : 400, 0)));
            List<Long> paidFor = List.of(mall.templateOfTheMall(-1, 0), mall.templateOfTheMall(-1, 0));
            storm.codesOfTheMall(20);
            storm.blowThrough(THREADS, AFTER, stages::toVerified);
            holds(side, stages, storm);
            for (int round = 0; round < ROUNDS; round++) {
                storm.blowThrough(THREADS, AFTER, () -> stages.run(patient()));
                holds(side, stages, storm);
                storm.codes(20);
                IssuanceId issuance = storm.issuance(60);
                storm.blowThrough(THREADS, AFTER, () -> patient().undo(stages.context(), mall.control.read()));
                holds(side, stages, storm);
                assertThat(storm.refusedByTheStage()).isPositive();
                storm.codesOfTheMall(20);
                storm.blowThrough(THREADS, AFTER, () -> stages.run(patient()));
                storm.everybodyWasIssued(issuance);
                holds(side, stages, storm);
                storm.everybodyIsToldTheSameAgain(Integer.MAX_VALUE);
                if (round + 1 < ROUNDS) {
                    patient().undo(stages.context(), mall.control.read());
                }
            }
            // No back office gives a budget to a template while there is a way back: the storm does it at the end.
            paidFor.forEach(template -> mall.budget(template, 2_000));
            CouponStorm spending = new CouponStorm(side, paidFor);
            spending.blow(THREADS, AFTER * 4);
            holds(side, stages, spending);
            assertThat(spending.refusedForWantOfMoney()).isPositive();
        }
    }

    private static SwitchStep patient() {
        return new SwitchStep(new SwitchLimits(
                Duration.ofSeconds(30),
                Duration.ofSeconds(5),
                Duration.ofSeconds(2),
                Duration.ofSeconds(60),
                null,
                false));
    }

    /** Nobody writes but the streams. */
    private static void holds(SideUnderTest side, Stages stages, CouponStorm storm) {
        SmallMall mall = side.mall();
        storm.everybodyIsToldTheSameAgain(AGAIN);
        Side truth = mall.control.read().truth();
        storm.settle();
        if (truth == Side.NEW) {
            assertThat(CouponInvariants.violated(mall)).isEmpty();
        } else {
            assertThat(MallInvariants.violated(mall)).isEmpty();
        }
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(MallInvariants.different(mall)).isEmpty());
        stages.verify();
    }
}
