package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.archive.Archiver;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.template.RefundPolicy;
import dev.cutover.coupon.template.Terms;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Coupons that nobody can use any more are put away, each exactly once, and whoever asks for one is told what he was told before. */
final class ArchiveIT {
    private static final Operator ANN = new Operator("ann");
    private static final Duration AGE = Duration.ofDays(400);
    private static final Duration LONG_AFTER = Duration.ofDays(410);

    private static SideUnderTest side;
    private MovableClock clock;
    private UseRig rig;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
    }

    @AfterAll
    static void close() {
        side.close();
    }

    @BeforeEach
    void now() {
        clock = new MovableClock();
        rig = new UseRig(side, side.roomsWith(clock, Failpoints.NONE));
    }

    private Archiver archiver(Failpoints failpoints) {
        return rig.rooms()
                .archiver(
                        side.mall().topology,
                        new Archiver.Options(AGE, 3, 1_000_000, Duration.ofSeconds(5)),
                        clock,
                        failpoints,
                        new SimpleMeterRegistry());
    }

    private void end(long template) {
        rig.rooms().backOffice().templates().end(new TemplateId(template), ANN);
    }

    private List<CouponId> coupons(long template, int count) {
        return Stream.generate(() -> rig.coupon(rig.user(), template))
                .limit(count)
                .toList();
    }

    private boolean put(CouponId coupon) {
        long hot = rig.number(coupon.slot(), "SELECT COUNT(*) FROM {user_coupon} WHERE coupon_id = ?", coupon.number());
        long archived = rig.number(
                coupon.slot(), "SELECT COUNT(*) FROM {user_coupon_archive} WHERE coupon_id = ?", coupon.number());
        assertThat(hot + archived).as("%s is in one place", coupon).isEqualTo(1);
        return archived == 1;
    }

    private Map<String, JsonNode> told(List<CouponId> coupons) {
        Map<String, JsonNode> told = new TreeMap<>();
        coupons.forEach(
                coupon -> told.put(coupon.toString(), rig.rooms().wallet().coupon(coupon)));
        return told;
    }

    private void assertSound() {
        rig.rooms().statistics().tick();
        assertThat(rig.rooms().statistics().recount()).isEmpty();
        assertThat(CouponInvariants.violated(side.mall())).isEmpty();
    }

    @Test
    void whatNobodyCanUseIsPutAwayAndToldAsBefore() {
        long template = side.mall().template(1_000, 0);
        long open = side.mall().template(1_000, 0);
        List<CouponId> over = coupons(template, 20);
        List<CouponId> ofOpen = coupons(open, 3);
        long user = rig.user();
        CouponId used = rig.coupon(user, template);
        CouponId refunded = rig.coupon(user, template);
        CouponId held = rig.coupon(user, template);
        rig.redeem(user, "archive-1", used);
        rig.refundRest(rig.redeem(user, "archive-2", refunded), "archive-r");
        rig.hold(user, "archive-3", held);
        String key = UseRig.key();
        long asking = rig.user();
        String claimed = rig.rooms()
                .claims()
                .claim(asking, new TemplateId(template), 1, key)
                .json();
        end(template);
        Archiver archiver = archiver(Failpoints.NONE);
        archiver.tick();
        assertThat(over).as("not while they are young").noneMatch(this::put);

        clock.forward(LONG_AFTER);
        List<CouponId> all = new ArrayList<>(over);
        all.addAll(ofOpen);
        all.addAll(List.of(used, refunded, held));
        Map<String, JsonNode> before = told(all);
        archiver.tick();
        assertThat(over).allMatch(this::put);
        assertThat(List.of(used, refunded, held)).allMatch(this::put);
        assertThat(ofOpen).as("its template may be claimed again").noneMatch(this::put);
        assertThat(told(all)).isEqualTo(before);
        assertThat(rig.status(used)).isEqualTo("USED");
        assertThat(rig.rooms().redemptions().page(user, 20, Optional.empty()).path("data"))
                .as("uses are told as before")
                .hasSize(2);
        CouponId one = over.get(0);
        JsonNode first = rig.rooms().wallet().coupon(one);
        assertThat(first.path("status").asText()).isEqualTo("EXPIRED");
        long owner = first.path("user_id").asLong();
        assertThat(UseRig.refusal(() -> rig.redeem(owner, "archive-4", one))).contains(Reason.COUPON_EXPIRED);
        assertThat(rig.rooms()
                        .wallet()
                        .page(owner, 20, Optional.empty(), Optional.empty())
                        .path("data"))
                .as("lists are of what is not put away")
                .isEmpty();
        assertThat(rig.rooms()
                        .claims()
                        .claim(asking, new TemplateId(template), 1, key)
                        .json())
                .as("the same key is answered the same")
                .isEqualTo(claimed);
        assertThat(UseRig.refusal(() -> rig.coupon(owner, template)))
                .as("nobody gets another one for the one that went")
                .contains(Reason.CLAIM_ENDED);
        assertSound();
    }

    /** Thrown where a process would have died. */
    private static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @Test
    void aDeathAnywhereLeavesEachCouponInOnePlaceAndAnotherGoesOn() {
        for (Failpoint point : List.of(Failpoint.ARCHIVE_COPIED, Failpoint.ARCHIVE_DELETED)) {
            long template = side.mall().template(1_000, 0);
            List<CouponId> coupons = coupons(template, 30);
            end(template);
            clock.forward(LONG_AFTER);
            for (int death = 1; death <= 3; death++) {
                AtomicInteger left = new AtomicInteger(death);
                archiver(hit -> {
                            if (hit == point && left.decrementAndGet() == 0) {
                                throw new Died();
                            }
                        })
                        .tick();
                assertThat(left).as("%s is come by", point.word()).hasValue(0);
                coupons.forEach(this::put);
            }
            archiver(Failpoints.NONE).tick();
            assertThat(coupons).as(point.word()).allMatch(this::put);
            assertSound();
        }
    }

    /** A use, long ago, of a coupon that is in the archive. */
    private record Put(long user, CouponId coupon, RedemptionId redemption) {}

    private Put usedLongAgo(long template, String order) {
        long user = rig.user();
        CouponId coupon = rig.coupon(user, template);
        Put put = new Put(user, coupon, rig.redeem(user, order, coupon));
        end(template);
        clock.forward(LONG_AFTER);
        archiver(Failpoints.NONE).tick();
        assertThat(put(coupon)).isTrue();
        return put;
    }

    private long template(RefundPolicy policy) {
        return template(policy, true);
    }

    private long template(RefundPolicy policy, boolean stackable) {
        Terms terms = new Terms(0, 1, null, null, null, null, policy, null, null, stackable, null, 100_000L);
        return BudgetsIT.published(rig.rooms(), TemplatesIT.rules(1_000L, null, terms, 0));
    }

    @ParameterizedTest
    @CsvSource({"RESTORE_IF_VALID, EXPIRED, true", "RESTORE, AVAILABLE, true", "NEVER, USED, false"})
    void aRefundBringsACouponBackAndDoesToItWhatItsTemplateSays(RefundPolicy policy, String status, boolean restored) {
        Put put = usedLongAgo(template(policy), "old-" + policy);
        JsonNode part = rig.refund(put.redemption(), "part", 200);
        assertThat(part.path("coupon_restored").asBoolean()).isFalse();
        assertThat(put(put.coupon())).isFalse();
        assertThat(rig.status(put.coupon())).isEqualTo("USED");
        archiver(Failpoints.NONE).tick();
        assertThat(put(put.coupon())).as("it is of no use again").isTrue();

        JsonNode rest = rig.refundRest(put.redemption(), "rest");
        assertThat(rest.path("amount_minor").asLong()).isEqualTo(UseRig.SPARED - 200);
        assertThat(rest.path("coupon_restored").asBoolean()).isEqualTo(restored);
        assertThat(rest.path("coupon_status").asText()).isEqualTo(status);
        assertThat(rig.status(put.coupon())).isEqualTo(status);
        assertThat(put(put.coupon())).isFalse();
        assertThat(UseRig.refusal(() -> rig.refund(put.redemption(), "more", 1)))
                .contains(Reason.ALREADY_REFUNDED);
        if (restored && status.equals("AVAILABLE")) {
            rig.redeem(put.user(), "anew-" + policy, put.coupon());
        }
        assertSound();
    }

    /** What a refund says when the archive comes by at one of its moments. */
    private JsonNode refundWhile(Failpoint meanwhile, boolean unlocked) {
        long template = template(RefundPolicy.RESTORE);
        long user = rig.user();
        CouponId coupon = rig.coupon(user, template);
        RedemptionId redemption = rig.redeem(user, "same-" + meanwhile + unlocked, coupon);
        end(template);
        clock.forward(LONG_AFTER);
        AtomicInteger came = new AtomicInteger();
        UseRig refunding = rig.through(side.roomsWith(clock, new Failpoints() {
            @Override
            public void hit(Failpoint point) {
                if (point == meanwhile && came.incrementAndGet() == 1) {
                    archiver(Failpoints.NONE).tick();
                }
            }

            @Override
            public boolean planted(String bug) {
                return unlocked && bug.equals("refund.couponUnlocked");
            }
        }));
        JsonNode refund = refunding.refundRest(redemption, "same");
        assertThat(came).hasPositiveValue();
        assertThat(put(coupon))
                .as("in the archive when it was not held")
                .isEqualTo(!refund.path("coupon_restored").asBoolean());
        return refund;
    }

    @ParameterizedTest
    @EnumSource(
            value = Failpoint.class,
            names = {"USE_READ", "REFUND_KNOWN", "USE_WRITTEN"})
    void aRefundAndTheArchiveAtTheSameMomentGiveTheCouponBack(Failpoint meanwhile) {
        assertThat(refundWhile(meanwhile, false).path("coupon_status").asText()).isEqualTo("AVAILABLE");
        assertSound();
    }

    @Test
    void aTwinThatDoesNotHoldTheCouponLosesItToTheArchive() {
        JsonNode refund = refundWhile(Failpoint.REFUND_KNOWN, true);
        assertThat(refund.path("coupon_restored").asBoolean()).isFalse();
    }

    @Test
    void aDeathWhileACouponIsBroughtBackLeavesItInTheArchiveAndTheRefundIsMadeAgain() {
        for (Failpoint point : List.of(Failpoint.ARCHIVE_COPIED, Failpoint.ARCHIVE_DELETED, Failpoint.USE_WRITTEN)) {
            Put put = usedLongAgo(template(RefundPolicy.RESTORE), "death-" + point);
            AtomicInteger deaths = new AtomicInteger();
            UseRig dying = rig.through(side.roomsWith(clock, hit -> {
                if (hit == point && deaths.incrementAndGet() == 1) {
                    throw new Died();
                }
            }));
            assertThatThrownBy(() -> dying.refundRest(put.redemption(), "r")).isInstanceOf(Died.class);
            assertThat(put(put.coupon())).as(point.word()).isTrue();
            assertThat(dying.refundRest(put.redemption(), "r")
                            .path("coupon_restored")
                            .asBoolean())
                    .isTrue();
            assertThat(put(put.coupon())).isFalse();
            assertSound();
        }
    }

    @Test
    void whatAnOrderHadLongAgoStillCountsForItsRules() {
        Put put = usedLongAgo(template(RefundPolicy.RESTORE, false), "grows");
        CouponId another = rig.coupon(put.user(), side.mall().template(10, 0));
        assertThat(UseRig.refusal(() -> rig.redeem(put.user(), "grows", another)))
                .contains(Reason.STACKING_CONFLICT);
        assertThat(UseRig.refusal(() -> rig.hold(put.user(), "grows", another))).contains(Reason.STACKING_CONFLICT);
        rig.redeem(put.user(), "another", another);
        assertSound();
    }

    @Test
    void nothingIsPutAwayBeforeTheMigrationIsCompleted() {
        long template = side.mall().template(1_000, 0);
        List<CouponId> coupons = coupons(template, 5);
        end(template);
        clock.forward(LONG_AFTER);
        side.mall().freeze(true);
        try {
            Awaitility.await().until(() -> side.rooms().databases().frozen());
            archiver(Failpoints.NONE).tick();
            assertThat(coupons).noneMatch(this::put);
        } finally {
            side.mall().freeze(false);
        }
        Awaitility.await().until(() -> !side.rooms().databases().frozen());
        archiver(Failpoints.NONE).tick();
        assertThat(coupons).allMatch(this::put);
    }
}
