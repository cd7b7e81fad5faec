package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.coupon.claim.Circumstances;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.ledger.LedgerFeed;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.statistics.DriftCheck;
import dev.cutover.coupon.statistics.Statistics;
import dev.cutover.coupon.statistics.Sums;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.SlotUsers;
import dev.cutover.coupon.tag.TagContext;
import dev.cutover.coupon.token.Tenant;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.AbstractDoubleAssert;
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

    private static AbstractDoubleAssert<?> assertDrift(SimpleMeterRegistry meters) {
        return assertThat(meters.get("coupon.statistics.drift").gauge().value());
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    private static List<CouponId> claim(long user, long template, int quantity) {
        return claim(user, template, quantity, Channel.NONE);
    }

    private static List<CouponId> claim(long user, long template, int quantity, Channel via) {
        Answer answer = side.rooms()
                .claims()
                .claim(
                        user,
                        List.of(new Claims.Wanted(new TemplateId(template), quantity)),
                        Claims.Mode.ALL,
                        key(),
                        new Circumstances(Tenant.ALL, TagContext.NOTHING, via));
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

    private static List<Statistics.Line> channels(long template) {
        return statistics()
                .report(new TemplateId(template), LocalDate.EPOCH, LocalDate.of(9999, 12, 31), Statistics.Group.CHANNEL)
                .lines();
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
                Channel via = n % 3 == 0 ? Channel.NONE : new Channel("app", n % 3 == 1 ? "" : "p-" + i % 2);
                List<CouponId> coupons = claim(one, template, 1 + n % 3, via);
                claimed.addAndGet(coupons.size());
                if (n % 2 == 0) {
                    RedemptionId use = rig.redeem(one, "o-" + i + "-" + n, coupons.get(0), UseRig.ORDER.via(via));
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
        List<Statistics.Line> channels = channels(template);
        assertThat(channels)
                .extracting(line -> line.name() + "/" + line.partner())
                .containsExactly("app/", "app/p-0", "app/p-1", "/");
        // Eight times n = 1, 4, 7; uses where n is even, all of them in part, whole where n is a multiple of four.
        assertThat(channels.get(0).sums()).isEqualTo(new Sums(8 * 6, 8, 8 * 500, 8, 8 * 500));
        // n = 2, 5, 8, half of them by each partner.
        assertThat(channels.get(1).sums()).isEqualTo(new Sums(4 * 9, 4 * 2, 4 * 1_000, 4, 4 * (500 + 120)));
        assertThat(channels.get(2).sums()).isEqualTo(channels.get(1).sums());
        assertThat(channels.stream().map(Statistics.Line::sums).reduce(Sums.NOTHING, Sums::plus))
                .isEqualTo(sums);

        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        DriftCheck check =
                new DriftCheck(statistics(), side.mall().topology, side.rooms().databases(), meters);
        assertDrift(meters).isNaN();
        check.tick();
        assertDrift(meters).isZero();
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
        check.tick();
        assertDrift(meters).isEqualTo(1);
        side.mall()
                .execute(
                        DatabaseId.META,
                        "UPDATE coupon_stat SET issued = issued - 1 WHERE template_id = ? LIMIT 1",
                        template);
        assertThat(statistics().recount()).isEmpty();
        check.tick();
        assertDrift(meters).isZero();
        side.mall().execute(DatabaseId.META, "UPDATE coupon_stat_channel SET redeemed = redeemed + 1 LIMIT 1");
        assertThat(statistics().recount())
                .singleElement()
                .satisfies(mistake -> assertThat(mistake.what()).contains(", channel app/"));
        side.mall().execute(DatabaseId.META, "UPDATE coupon_stat_channel SET redeemed = redeemed - 1 LIMIT 1");

        // On OLD nobody keeps a ledger; the next epoch counts the rows again.
        side.mall().copyBackAll();
        switchTo(Side.OLD);
        side.rooms().redemptions().redeem(user, "o-old", List.of(early), UseRig.ORDER, key());
        switchTo(Side.NEW);
        side.mall().copyForwardAll();
        statistics().tick();
        assertThat(total(template).redeemed()).isEqualTo(redeemed.get() + 1);
        // The mall did it for nobody; what came through somebody is as it was.
        List<Statistics.Line> after = channels(template);
        assertThat(after.subList(0, 3)).isEqualTo(channels.subList(0, 3));
        assertThat(after.get(3).sums().redeemed())
                .isEqualTo(channels.get(3).sums().redeemed() + 1);
        assertThat(statistics().recount()).isEmpty();
    }

    @Test
    void whoReadsALedgerAndAddsItLateAddsNothingThatAnotherHasAdded() {
        assertThat(mistakesOfALateOne("statistics.takesNoTurn")).isEmpty();
    }

    @Test
    void aTwinThatDoesNotAskHowFarTheSumsAreCountsTwice() {
        assertThat(mistakesOfALateOne("statistics.takesNoTurn", "statistics.addsWhatIsAdded"))
                .isNotEmpty()
                .allSatisfy(mistake -> assertThat(mistake.kept().issued())
                        .isGreaterThan(mistake.counted().issued()));
    }

    /** One has read the ledgers and is about to add them when another one counts them from there to the end. */
    private static List<Statistics.Mistake> mistakesOfALateOne(String... planted) {
        try (SideUnderTest here = SideUnderTest.open(Side.NEW)) {
            UseRig rig = new UseRig(here, here.rooms());
            here.rooms().statistics().tick();
            long template = here.mall().template(-1, 0);
            for (int i = 0; i < 8; i++) {
                rig.coupon(here.mall().user(), template);
            }
            AtomicBoolean late = new AtomicBoolean(true);
            // The time is asked for when all is read, and nothing added.
            InstantSource clock = () -> {
                if (late.getAndSet(false)) {
                    here.rooms().statistics().tick();
                }
                return Instant.now();
            };
            Topology topology = here.mall().topology;
            LedgerFeed feed = new LedgerFeed(
                    topology,
                    here.rooms().databases(),
                    new SlotUsers(here.mall().plan.layout()),
                    InstantSource.system(),
                    Failpoints.NONE);
            new Statistics(topology, here.rooms().databases(), here.rooms().meta(), feed, clock, Planted.alone(planted))
                    .tick();
            assertThat(late).isFalse();
            here.rooms().statistics().tick();
            return here.rooms().statistics().recount();
        }
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
