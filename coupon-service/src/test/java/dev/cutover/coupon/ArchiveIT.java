package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.archive.Archiver;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal.Reason;
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
    void whatNobodyCanUseAndNoOrderHadIsPutAwayAndToldAsBefore() {
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
        assertThat(ofOpen).as("its template may be claimed again").noneMatch(this::put);
        assertThat(put(used)).as("an order had it").isFalse();
        assertThat(put(refunded)).as("an order had it").isFalse();
        assertThat(told(all)).isEqualTo(before);
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
