package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.statistics.Statistics;
import dev.cutover.coupon.statistics.Sums;
import dev.cutover.coupon.store.MigrationFenceException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Sums over all coupons, counted while they change, on real databases. */
final class StatisticsIT {
    private static SideUnderTest side;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.OLD);
    }

    @AfterAll
    static void close() {
        side.close();
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    private static List<CouponId> claim(long user, long template, int quantity) {
        Answer answer = side.rooms().claims().claim(user, new TemplateId(template), quantity, key());
        List<CouponId> coupons = new ArrayList<>();
        StoreConformance.json(answer.json())
                .path("coupons")
                .forEach(coupon ->
                        coupons.add(CouponId.parse(coupon.path("id").asText()).orElseThrow()));
        return coupons;
    }

    private static Statistics statistics() {
        return side.rooms().statistics();
    }

    private static Sums total(long template) {
        return statistics()
                .report(new TemplateId(template), LocalDate.EPOCH, LocalDate.of(9999, 12, 31), Statistics.Group.DAY)
                .total();
    }

    private static void switchTo(Side truth) {
        side.mall().moveTruth(truth);
        Awaitility.await()
                .until(() -> side.proxy().register().truth() == truth
                        && side.proxy()
                                .register()
                                .epoch()
                                .equals(side.mall().control.read().epoch()));
    }

    @Test
    void everythingIsCountedOnceThroughAStormAndASwitchAndTheRowsBearItOut() {
        long template = side.mall().template(-1, 0);
        long user = side.mall().user();
        CouponId early = claim(user, template, 2).get(0);
        assertThatThrownBy(() -> total(template)).isInstanceOf(MigrationFenceException.class);

        switchTo(Side.NEW);
        side.mall().copyForwardAll();
        assertThatThrownBy(() -> total(template)).isInstanceOf(MigrationFenceException.class);
        statistics().tick();
        // What OLD had issued was counted from its rows.
        assertThat(total(template)).isEqualTo(new Sums(2, 0, 0, 0, 0));

        AtomicLong claimed = new AtomicLong(2);
        AtomicLong redeemed = new AtomicLong();
        AtomicLong refunded = new AtomicLong();
        AtomicLong taken = new AtomicLong();
        UseRig rig = new UseRig(side, side.rooms());
        AtomicBoolean done = new AtomicBoolean();
        Thread counting = new Thread(() -> {
            while (!done.get()) {
                statistics().tick();
            }
        });
        Thread countingToo = new Thread(() -> {
            while (!done.get()) {
                statistics().tick();
            }
        });
        counting.start();
        countingToo.start();
        Parallel.run(8, i -> {
            for (int n = 0; n < 10; n++) {
                long one = side.mall().user();
                List<CouponId> coupons = claim(one, template, 1 + n % 3);
                claimed.addAndGet(coupons.size());
                if (n % 2 == 0) {
                    RedemptionId use = rig.redeem(one, "o-" + i + "-" + n, coupons.get(0));
                    redeemed.incrementAndGet();
                    rig.refund(use, "part", 120);
                    taken.addAndGet(120);
                    if (n % 4 == 0) {
                        rig.refundRest(use, "rest");
                        refunded.incrementAndGet();
                        taken.addAndGet(380);
                    }
                }
            }
        });
        done.set(true);
        join(counting);
        join(countingToo);
        statistics().tick();
        Sums sums = total(template);
        assertThat(sums.issued()).isEqualTo(claimed.get());
        assertThat(sums.redeemed()).isEqualTo(redeemed.get());
        assertThat(sums.redeemedMinor()).isEqualTo(redeemed.get() * 500);
        assertThat(sums.refunded()).isEqualTo(refunded.get());
        assertThat(sums.refundedMinor()).isEqualTo(taken.get());
        assertThat(statistics().recount()).isEmpty();

        // A wrong sum is named.
        side.mall()
                .execute(
                        DatabaseId.META,
                        "UPDATE coupon_stat SET issued = issued + 1 WHERE template_id = ? LIMIT 1",
                        template);
        assertThat(statistics().recount()).singleElement().satisfies(mistake -> {
            assertThat(mistake.what()).startsWith("template " + template + ", day ");
            assertThat(mistake.kept().issued()).isEqualTo(mistake.counted().issued() + 1);
        });
        side.mall()
                .execute(
                        DatabaseId.META,
                        "UPDATE coupon_stat SET issued = issued - 1 WHERE template_id = ? LIMIT 1",
                        template);
        assertThat(statistics().recount()).isEmpty();

        // On OLD nobody keeps a ledger; the next epoch counts the rows again.
        side.mall().copyBackAll();
        switchTo(Side.OLD);
        side.rooms().redemptions().redeem(user, "o-old", List.of(early), OptionalLong.of(10_000), key());
        switchTo(Side.NEW);
        side.mall().copyForwardAll();
        statistics().tick();
        assertThat(total(template).redeemed()).isEqualTo(redeemed.get() + 1);
        assertThat(statistics().recount()).isEmpty();
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
