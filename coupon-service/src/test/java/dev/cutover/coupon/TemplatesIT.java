package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.backoffice.BackOffice;
import dev.cutover.coupon.backoffice.RuleProblem;
import dev.cutover.coupon.backoffice.RulesBrokenException;
import dev.cutover.coupon.claim.Circumstances;
import dev.cutover.coupon.counter.PieceCounter;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.pricing.Eligibility;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.pricing.ProductLists;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.stock.StockStrategy;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.ProductList;
import dev.cutover.coupon.template.RefundPolicy;
import dev.cutover.coupon.template.Template;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.TemplateState;
import dev.cutover.coupon.template.Terms;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Templates on the new side: made, published, paused, their stock grown and shrunk, with deaths at every step. */
final class TemplatesIT {
    private static final Operator ANN = new Operator("ann");
    private static final Operator BOB = new Operator("bob");
    private static final InstantSource LATER = () -> Instant.now().plusSeconds(60);

    private static SideUnderTest side;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
    }

    @AfterAll
    static void close() {
        side.close();
    }

    /** Thrown where a process would have died. */
    private static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static SmallMall mall() {
        return side.mall();
    }

    private static BackOffice office() {
        return side.rooms().backOffice();
    }

    /** The same desks in a process of their own, with another clock and with faults. */
    private static BackOffice office(InstantSource clock, Failpoints failpoints) {
        return office().with(clock, failpoints);
    }

    /** Dies when it comes by any failpoint for the n-th time. */
    private static Failpoints dyingAt(int times) {
        AtomicInteger left = new AtomicInteger(times);
        return point -> {
            if (left.decrementAndGet() == 0) {
                throw new Died();
            }
        };
    }

    static TemplateSheet rules(@Nullable Long total, @Nullable Long perUser) {
        return rules(total, perUser, Terms.OF_THE_MALL, 0);
    }

    static TemplateSheet rules(@Nullable Long total, @Nullable Long perUser, Terms terms, int scope) {
        return new TemplateSheet(
                new Template(
                        new TemplateId(0),
                        "满减",
                        new Discount(1, 1, 500L, null, 3_000, null),
                        total,
                        perUser,
                        0,
                        3L,
                        null,
                        null,
                        scope,
                        0,
                        null,
                        terms),
                null,
                null,
                null);
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    private static TemplateId draft(TemplateSheet rules) {
        JsonNode made = StoreConformance.json(
                office().templates().create(rules, key(), ANN).json());
        return TemplateId.parse(made.path("id").asText()).orElseThrow();
    }

    private static TemplateId published(@Nullable Long total, @Nullable Long perUser) {
        TemplateId id = draft(rules(total, perUser));
        office().templates().publish(id, ANN);
        return id;
    }

    private static void claim(long user, TemplateId template, int quantity) {
        side.rooms().claims().claim(user, template, quantity, key());
    }

    private static Reason refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        try {
            call.call();
        } catch (Refusal e) {
            return e.reason();
        } catch (Throwable e) {
            throw new AssertionError("Not refused but failed", e);
        }
        throw new AssertionError("Not refused");
    }

    private static long total(TemplateId id) {
        return mall().number(
                        DatabaseId.META,
                        "SELECT total_quantity FROM coupon_template WHERE template_id = ?",
                        id.number());
    }

    private static void assertAddsUp(TemplateId id) {
        assertThat(mall().remaining(id.number()) + mall().issued(Side.NEW, id.number()))
                .as("what is left and what was issued of %s", id)
                .isEqualTo(total(id));
    }

    @Test
    void aDraftIsNotClaimedAndAPublishedOneIsDownToTheLastCoupon() {
        TemplateId id = draft(rules(13L, null));
        assertThat(id.number()).isGreaterThan(Integer.MAX_VALUE);
        assertThat(refusal(() -> claim(mall().user(), id, 1))).isEqualTo(Reason.TEMPLATE_NOT_PUBLISHED);
        assertThat(mall().remaining(id.number())).isZero();
        TemplateSheet published = office().templates().publish(id, ANN);
        assertThat(published.template().state()).isEqualTo(TemplateState.PUBLISHED);
        assertThat(office().templates().publish(id, ANN)).isEqualTo(published);
        assertThat(mall().remaining(id.number())).isEqualTo(13);
        for (int i = 0; i < 13; i++) {
            claim(mall().user(), id, 1);
        }
        assertThat(refusal(() -> claim(mall().user(), id, 1))).isEqualTo(Reason.SOLD_OUT);
        assertAddsUp(id);
    }

    @Test
    void anUnlimitedTemplateHasNoSlicesAndNothingToAdjust() {
        TemplateId id = published(null, 1L);
        claim(mall().user(), id, 1);
        assertThat(refusal(() -> office().adjustments().adjust(id, "a", 5, ANN)))
                .isEqualTo(Reason.TEMPLATE_NOT_EDITABLE);
    }

    @Test
    void aTemplateIsMadeOnceForAKey() {
        String key = key();
        List<String> made = new ArrayList<>();
        AtomicInteger first = new AtomicInteger();
        Parallel.run(8, i -> {
            var answer = office().templates().create(rules(5L, 1L), key, ANN);
            if (!answer.replayed()) {
                first.incrementAndGet();
            }
            synchronized (made) {
                made.add(StoreConformance.json(answer.json()).path("id").asText());
            }
        });
        assertThat(made).hasSize(8).containsOnly(made.get(0));
        assertThat(first).hasValue(1);
        assertThat(refusal(() -> office().templates().create(rules(6L, 1L), key, ANN)))
                .isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
    }

    @Test
    void aPausedTemplateIsNotClaimedAndAnEndedOneStaysEnded() {
        TemplateId id = published(10L, null);
        office().templates().pause(id, BOB);
        assertThat(refusal(() -> claim(mall().user(), id, 1))).isEqualTo(Reason.TEMPLATE_PAUSED);
        assertThat(refusal(() -> office().templates().publish(id, ANN))).isEqualTo(Reason.TEMPLATE_NOT_EDITABLE);
        office().templates().resume(id, BOB);
        claim(mall().user(), id, 1);
        assertThat(refusal(() -> office().templates().archive(id, ANN))).isEqualTo(Reason.TEMPLATE_NOT_EDITABLE);
        office().templates().end(id, BOB);
        assertThat(refusal(() -> claim(mall().user(), id, 1))).isEqualTo(Reason.CLAIM_ENDED);
        assertThat(refusal(() -> office().templates().resume(id, ANN))).isEqualTo(Reason.TEMPLATE_NOT_EDITABLE);
        assertThat(refusal(() -> office().adjustments().adjust(id, "a", 5, ANN)))
                .isEqualTo(Reason.TEMPLATE_NOT_EDITABLE);
        assertThat(office().templates().archive(id, ANN).template().state()).isEqualTo(TemplateState.ARCHIVED);
        assertThat(refusal(() -> office().templates().end(id, ANN))).isEqualTo(Reason.TEMPLATE_NOT_EDITABLE);
        // create, publish, published, pause, resume, end, archive
        JsonNode audit = office().audit().page(Subject.of(id), 100, 0).path("data");
        assertThat(audit.findValuesAsText("action"))
                .containsExactly("create", "publish", "published", "pause", "resume", "end", "archive");
        assertThat(audit.get(3).path("operator").asText()).isEqualTo("bob");
        assertThat(audit.get(3).path("before").path("status").asText()).isEqualTo("PUBLISHED");
        assertThat(audit.get(3).path("after").path("status").asText()).isEqualTo("PAUSED");
    }

    @Test
    void claimsAreInsideTheirWindow() {
        long now = office().templates().now();
        Terms open = new Terms(0, 1, now - 5_000, now + 600_000, null, null, RefundPolicy.RESTORE, null, null, true);
        Terms notYet = new Terms(0, 1, now + 300_000, null, null, null, RefundPolicy.RESTORE, null, null, true);
        TemplateId opened = draft(rules(5L, null, open, 0));
        TemplateId closed = draft(rules(5L, null, notYet, 0));
        TemplateId over = draft(rules(5L, null, open, 0));
        for (TemplateId id : List.of(opened, closed, over)) {
            office().templates().publish(id, ANN);
        }
        claim(mall().user(), opened, 1);
        assertThat(refusal(() -> claim(mall().user(), closed, 1))).isEqualTo(Reason.CLAIM_NOT_STARTED);
        mall().execute(
                        DatabaseId.META,
                        "UPDATE coupon_template SET claim_to = ? WHERE template_id = ?",
                        now - 1_000,
                        over.number());
        assertThat(refusal(() -> claim(mall().user(), over, 1))).isEqualTo(Reason.CLAIM_ENDED);
    }

    @Test
    void ofTwoEditorsOneIsToldAndATwinWhoseVersionsDoNotGrowLetsBothWrite() {
        assertThat(editorsThatSucceed()).isEqualTo(1);
        mall().execute(
                        DatabaseId.META,
                        "CREATE TRIGGER twin BEFORE UPDATE ON coupon_template FOR EACH ROW SET NEW.version = OLD.version");
        try {
            assertThat(editorsThatSucceed()).isGreaterThan(1);
        } finally {
            mall().execute(DatabaseId.META, "DROP TRIGGER twin");
        }
    }

    private static int editorsThatSucceed() {
        TemplateId id = draft(rules(10L, 1L));
        AtomicInteger succeeded = new AtomicInteger();
        Parallel.run(8, i -> {
            try {
                office().templates().edit(id, 0, rules(100L + i, 1L), true, ANN);
                succeeded.incrementAndGet();
            } catch (Refusal e) {
                assertThat(e.reason()).isEqualTo(Reason.VERSION_CONFLICT);
            }
        });
        return succeeded.get();
    }

    @Test
    void aTemplateThatHasAnAudienceSinceItsClaimerWasJudgedIsNotClaimedUnasked() {
        long template = side.mall().template(10, 0);
        TemplateId id = new TemplateId(template);
        AtomicInteger runs = new AtomicInteger();
        assertThatThrownBy(() -> side.rooms()
                        .claims()
                        .claimByCode(
                                Operation.of(side.mall().user(), "code", key(), "x"),
                                id,
                                key(),
                                (unit, now) -> {
                                    if (runs.incrementAndGet() == 1) {
                                        side.mall()
                                                .execute(
                                                        DatabaseId.META,
                                                        "INSERT INTO template_audience VALUES (?, 'vip')",
                                                        template);
                                        side.rooms().templates().forget(id);
                                    }
                                },
                                Circumstances.NONE))
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.reason()).isEqualTo(Reason.AUDIENCE_NOT_MATCHED));
        assertThat(runs).hasValue(1);
        assertThat(side.mall().issued(Side.NEW, template)).isZero();
    }

    @Test
    void whatWasPublishedIsRelabelledOnly() {
        TemplateId id = published(10L, 1L);
        int version = office().templates().find(id).template().terms().version();
        assertThat(refusal(() -> office().templates().edit(id, version, rules(11L, 1L), true, ANN)))
                .isEqualTo(Reason.TEMPLATE_NOT_EDITABLE);
        TemplateSheet seen = office().templates().find(id);
        TemplateSheet named = new TemplateSheet(seen.template().named("Singles"), null, "{\"k\": \"v\"}", null);
        TemplateSheet after = office().templates().edit(id, version, named, false, ANN);
        assertThat(after.template().name()).isEqualTo("Singles");
        assertThat(after.template().totalQuantity()).isEqualTo(10);
        assertThat(after.template().terms().version()).isEqualTo(version + 1);
        assertThat(after.template().published()).isTrue();
    }

    @Test
    void aPublicationThatDiesAnywhereIsFinishedByAnotherProcess() {
        for (int times = 1; times <= 1 + SmallMall.DATABASES; times++) {
            TemplateId id = draft(rules(101L, null));
            BackOffice dying = office(InstantSource.system(), dyingAt(times));
            assertThatThrownBy(() -> dying.templates().publish(id, ANN)).isInstanceOf(Died.class);
            assertThat(office().templates().find(id).template().state()).isEqualTo(TemplateState.PUBLISHING);
            assertThat(refusal(() -> claim(mall().user(), id, 1))).isEqualTo(Reason.TEMPLATE_NOT_PUBLISHED);
            assertThat(refusal(() -> office().adjustments().adjust(id, "early", 5, ANN)))
                    .isEqualTo(Reason.TEMPLATE_NOT_EDITABLE);
            BackOffice janitor = office(LATER, Failpoints.NONE);
            Parallel.run(4, i -> janitor.tick());
            assertThat(office().templates().find(id).template().state()).isEqualTo(TemplateState.PUBLISHED);
            assertThat(mall().remaining(id.number())).isEqualTo(101);
            // A publisher that was only slow does no harm any more.
            office().templates().publish(id, BOB);
            assertThat(mall().remaining(id.number())).isEqualTo(101);
        }
    }

    @Test
    void
            aPublicationThatInstancesCutIntoDifferentNumbersOfSlicesHasItsStockOnceAndATwinThatDoesNotMeetAtTheFirstHasMore() {
        CouponRooms.Counting inRows = CouponRooms.Counting.of(StockStrategy.ROW, PieceCounter.NONE);
        BackOffice rows = side.roomsCounting(inRows).backOffice();
        for (int round = 0; round < 6; round++) {
            assertThat(cutByTwo(round % 2 == 0 ? rows : office(), round % 2 == 0 ? office() : rows))
                    .isEqualTo(101);
            TemplateId together = draft(rules(101L, null));
            Parallel.run(4, i -> (i % 2 == 0 ? rows : office()).templates().publish(together, ANN));
            assertThat(mall().remaining(together.number())).isEqualTo(101);
        }
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            mall().execute(
                            DatabaseId.shard(database),
                            "CREATE TRIGGER twin BEFORE INSERT ON stock_slice FOR EACH ROW SET NEW.slice_no ="
                                    + " IF(NEW.slice_no = 0 AND EXISTS (SELECT 1 FROM stock_slice s"
                                    + " WHERE s.template_id = NEW.template_id), 99, NEW.slice_no)");
        }
        try {
            assertThat(cutByTwo(rows, office())).isGreaterThan(101);
        } finally {
            for (int database = 0; database < SmallMall.DATABASES; database++) {
                mall().execute(DatabaseId.shard(database), "DROP TRIGGER twin");
            }
        }
    }

    /** What there is of 101 when one dies behind the first database and the other finishes. */
    private static long cutByTwo(BackOffice begins, BackOffice finishes) {
        TemplateId id = draft(rules(101L, null));
        BackOffice dying = begins.with(InstantSource.system(), dyingAt(2));
        assertThatThrownBy(() -> dying.templates().publish(id, ANN)).isInstanceOf(Died.class);
        finishes.with(LATER, Failpoints.NONE).tick();
        assertThat(office().templates().find(id).template().published()).isTrue();
        return mall().remaining(id.number());
    }

    @Test
    void anAdjustmentGrowsAndShrinksOnceForItsNumber() {
        TemplateId id = published(20L, null);
        var grown = office().adjustments().adjust(id, "n-1", 15, ANN);
        assertThat(StoreConformance.json(grown.json()).path("total_quantity").asLong())
                .isEqualTo(35);
        var again = office().adjustments().adjust(id, "n-1", 15, BOB);
        assertThat(again.replayed()).isTrue();
        assertThat(again.json()).isEqualTo(grown.json());
        assertThat(refusal(() -> office().adjustments().adjust(id, "n-1", 16, ANN)))
                .isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
        for (int i = 0; i < 10; i++) {
            claim(mall().user(), id, 1);
        }
        assertThat(refusal(() -> office().adjustments().adjust(id, "n-2", -26, ANN)))
                .isEqualTo(Reason.STOCK_BELOW_ISSUED);
        assertThat(total(id)).isEqualTo(35);
        assertAddsUp(id);
        // A refused number may be asked again when there is more.
        office().adjustments().adjust(id, "n-3", 1, ANN);
        office().adjustments().adjust(id, "n-2", -26, ANN);
        assertThat(total(id)).isEqualTo(10);
        assertThat(mall().remaining(id.number())).isZero();
        JsonNode level = office().levels().of(id);
        assertThat(level.path("issued").asLong()).isEqualTo(10);
        assertThat(level.path("remaining").asLong()).isZero();
        assertThat(level.path("settled").asBoolean()).isTrue();
        assertThat(level.path("databases")).hasSize(SmallMall.DATABASES);
        office().adjustments().adjust(id, "n-4", 2, ANN);
        claim(mall().user(), id, 2);
        assertAddsUp(id);
    }

    @Test
    void anAdjustmentThatDiesAnywhereIsFinishedOnceByWhoeverComesNext() {
        for (long delta : new long[] {17, -17, -60}) {
            for (int times = 1; times <= 6; times++) {
                TemplateId id = published(50L, null);
                for (int i = 0; i < 5; i++) {
                    claim(mall().user(), id, 1);
                }
                String number = "d" + times;
                BackOffice dying = office(InstantSource.system(), dyingAt(times));
                boolean died = false;
                try {
                    dying.adjustments().adjust(id, number, delta, ANN);
                } catch (Died | Refusal e) {
                    died = e instanceof Died;
                    // Died here, or came through: there are not so many points on each way.
                }
                assertThat(office().levels().of(id).path("settled").asBoolean()).isEqualTo(!died);
                BackOffice janitor = office(LATER, Failpoints.NONE);
                Parallel.run(3, i -> janitor.tick());
                assertAddsUp(id);
                assertThat(total(id)).isEqualTo(delta == -60 ? 50 : 50 + delta);
                if (delta == -60) {
                    assertThat(refusal(() -> office().adjustments().adjust(id, number, delta, ANN)))
                            .isEqualTo(Reason.STOCK_BELOW_ISSUED);
                } else {
                    assertThat(office().adjustments()
                                    .adjust(id, number, delta, ANN)
                                    .replayed())
                            .isTrue();
                }
                assertAddsUp(id);
            }
        }
    }

    @Test
    void manyHandsOnOneAdjustmentDoItOnceAndATwinWhoseLegsForgetDoesItOften() {
        assertThat(grownByFourHands()).isZero();
        for (int database = 0; database < SmallMall.DATABASES; database++) {
            mall().execute(
                            DatabaseId.shard(database),
                            "CREATE TRIGGER twin BEFORE UPDATE ON stock_adjustment_leg FOR EACH ROW SET NEW.round = 0");
        }
        try {
            assertThat(grownByFourHands()).isPositive();
        } finally {
            for (int database = 0; database < SmallMall.DATABASES; database++) {
                mall().execute(DatabaseId.shard(database), "DROP TRIGGER twin");
            }
        }
    }

    /** How much more there is than there should be. */
    private static long grownByFourHands() {
        TemplateId id = published(8L, null);
        CyclicBarrier together = new CyclicBarrier(4);
        BackOffice hands = office(InstantSource.system(), point -> {
            if (point == Failpoint.ADJUST_BEGUN) {
                meet(together);
            }
        });
        Parallel.run(4, i -> hands.adjustments().adjust(id, "same", 80, ANN));
        assertThat(total(id)).isEqualTo(88);
        return mall().remaining(id.number()) - 88;
    }

    private static void meet(CyclicBarrier together) {
        try {
            together.await();
        } catch (BrokenBarrierException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Test
    void claimsBesideGrowingAndShrinkingAddUpAndNobodyIsRefusedWhatIsThere() {
        TemplateId id = published(300L, null);
        AtomicInteger granted = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        AtomicInteger adjusted = new AtomicInteger();
        LongConsumer claimOne = user -> {
            try {
                claim(user, id, 1);
                granted.incrementAndGet();
            } catch (Refusal e) {
                assertThat(e.reason()).isEqualTo(Reason.SOLD_OUT);
                refused.incrementAndGet();
            }
        };
        // 13 x 30 claims on 300 + at most 90: what is left in the end is what the adjustments left.
        Parallel.run(16, i -> {
            SplittableRandom random = new SplittableRandom(i);
            for (int n = 0; n < 30; n++) {
                if (i < 13) {
                    claimOne.accept(mall().user());
                } else if (n < 10) {
                    long delta = random.nextBoolean() ? random.nextLong(1, 10) : -random.nextLong(1, 25);
                    try {
                        office().adjustments().adjust(id, "x" + i + "-" + n, delta, BOB);
                        adjusted.addAndGet((int) delta);
                    } catch (Refusal e) {
                        assertThat(e.reason()).isEqualTo(Reason.STOCK_BELOW_ISSUED);
                    }
                }
            }
        });
        assertThat(total(id)).isEqualTo(300 + adjusted.get());
        assertThat(mall().issued(Side.NEW, id.number())).isEqualTo(granted.get());
        assertThat(granted.get() + refused.get()).isEqualTo(13 * 30);
        assertAddsUp(id);
        // Whatever is left can still be had by somebody.
        long left = mall().remaining(id.number());
        for (long n = 0; n < left; n++) {
            claimOne.accept(mall().user());
        }
        assertThat(mall().remaining(id.number())).isZero();
    }

    @Test
    void adjustmentsThatDieBesideClaimsAndBesideAnEagerJanitorAddUp() {
        TemplateId id = published(200L, null);
        // To this janitor everybody is late: it works on what the living are at as well.
        BackOffice janitor = office(LATER, Failpoints.NONE);
        AtomicInteger working = new AtomicInteger(12);
        Parallel.run(14, i -> {
            SplittableRandom random = new SplittableRandom(100 + i);
            while (i >= 12 && working.get() > 0 && !Thread.currentThread().isInterrupted()) {
                janitor.tick();
            }
            for (int n = 0; n < 15; n++) {
                if (i < 8) {
                    try {
                        claim(mall().user(), id, random.nextInt(1, 4));
                    } catch (Refusal e) {
                        assertThat(e.reason()).isEqualTo(Reason.SOLD_OUT);
                    }
                } else if (i < 12) {
                    long delta = random.nextBoolean() ? random.nextLong(1, 30) : -random.nextLong(1, 60);
                    BackOffice dying = office(InstantSource.system(), dyingAt(random.nextInt(1, 9)));
                    try {
                        dying.adjustments().adjust(id, "r" + i + "-" + n, delta, BOB);
                    } catch (Died | Refusal e) {
                        assertThat(e).isNotNull();
                    }
                }
            }
            working.decrementAndGet();
        });
        janitor.tick();
        assertThat(mall().number(
                                DatabaseId.META,
                                "SELECT COUNT(*) FROM stock_adjustment WHERE template_id = ? AND state < 2",
                                id.number()))
                .isZero();
        assertThat(total(id))
                .isEqualTo(200
                        + mall().number(
                                        DatabaseId.META,
                                        "SELECT COALESCE(SUM(delta), 0) FROM stock_adjustment WHERE template_id = ? AND state = 2",
                                        id.number()));
        assertAddsUp(id);
    }

    @Test
    void aCouponCarriesACopyOfTheRulesItWasIssuedUnder() {
        TemplateSheet capped = new TemplateSheet(
                new Template(
                        new TemplateId(0),
                        "capped",
                        new Discount(1, 2, null, 6_000L, 0, 700L),
                        5L,
                        null,
                        0,
                        3L,
                        null,
                        null,
                        0,
                        0,
                        null,
                        new Terms(0, 1, null, null, null, 700L, RefundPolicy.RESTORE, null, null, true)),
                null,
                null,
                null);
        TemplateId id = draft(capped);
        office().templates().publish(id, ANN);
        long user = mall().user();
        JsonNode claimed = StoreConformance.json(
                side.rooms().claims().claim(user, id, 1, key()).json());
        // Not by any route: what is copied into coupons is not asked of the template again.
        mall().execute(
                        DatabaseId.META,
                        "UPDATE coupon_template SET discount_cap_minor = 1, percent_off_bp = 1 WHERE template_id = ?",
                        id.number());
        JsonNode coupon = side.rooms()
                .wallet()
                .coupon(CouponId.parse(claimed.path("coupons").get(0).path("id").asText())
                        .orElseThrow());
        assertThat(coupon.path("discount").path("cap_minor").asLong()).isEqualTo(700);
        assertThat(coupon.path("discount").path("percent_off_bp").asLong()).isEqualTo(6_000);
    }

    @Test
    void aCouponIsForWhatItsListSaysAndNeverForWhatIsForbidden() throws SQLException {
        TemplateId white = draft(rules(5L, null, Terms.OF_THE_MALL, ProductList.Scope.WHITE_LIST.code()));
        TemplateId black = draft(rules(5L, null, Terms.OF_THE_MALL, ProductList.Scope.BLACK_LIST.code()));
        TemplateId category = draft(rules(5L, null, Terms.OF_THE_MALL, ProductList.Scope.CATEGORY.code()));
        TemplateId all = draft(rules(5L, null));
        office().products()
                .replace(white, ProductList.Scope.WHITE_LIST, List.of("P-1", "P-9"), OptionalInt.empty(), ANN);
        office().products().replace(black, ProductList.Scope.BLACK_LIST, List.of("P-1"), OptionalInt.empty(), ANN);
        office().products().replace(category, ProductList.Scope.CATEGORY, List.of("shoes"), OptionalInt.empty(), ANN);
        office().products().forbid(List.of("P-9"), ANN);
        List<Product> asked = List.of(
                new Product(null, "p-1", "shoes"), new Product("2", "P-2", "hats"), new Product("9", "P-9", "Shoes"));
        ProductLists lists = side.rooms().productCatalog().on(Side.NEW);
        assertThat(lists.of(white, asked))
                .containsExactly(Eligibility.ELIGIBLE, Eligibility.NOT_APPLICABLE, Eligibility.SUPER_BLACKLISTED);
        assertThat(lists.of(black, asked))
                .containsExactly(Eligibility.NOT_APPLICABLE, Eligibility.ELIGIBLE, Eligibility.SUPER_BLACKLISTED);
        assertThat(lists.of(category, asked))
                .containsExactly(Eligibility.ELIGIBLE, Eligibility.NOT_APPLICABLE, Eligibility.SUPER_BLACKLISTED);
        assertThat(lists.of(all, asked))
                .containsExactly(Eligibility.ELIGIBLE, Eligibility.ELIGIBLE, Eligibility.SUPER_BLACKLISTED);
        assertThat(lists.of(new TemplateId(1L << 40), asked)).containsOnly(Eligibility.NOT_APPLICABLE);
        office().products().allow("p-9", ANN);
    }

    @Test
    void productsAreReplacedAsAWholeAndOrdersSeeTheListOfTheirMoment() {
        TemplateId id = draft(rules(5L, null, Terms.OF_THE_MALL, ProductList.Scope.WHITE_LIST.code()));
        office().templates().publish(id, ANN);
        List<String> many = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            many.add("SN-" + i);
        }
        office().products().replace(id, ProductList.Scope.WHITE_LIST, many, OptionalInt.empty(), ANN);
        ProductList list = side.rooms().productCatalog().find(id).orElseThrow();
        assertThat(list.scope()).isEqualTo(ProductList.Scope.WHITE_LIST);
        assertThat(list.goods()).hasSize(10_000);
        assertThat(list.lists("sn-9999 ")).isTrue();
        office().products()
                .replace(id, ProductList.Scope.WHITE_LIST, List.of("SN-1", "other"), OptionalInt.empty(), BOB);
        assertThat(side.rooms().productCatalog().find(id).orElseThrow().goods())
                .containsExactlyInAnyOrder("sn-1", "other");
        assertThat(mall().number(
                                DatabaseId.META,
                                "SELECT MIN(id) FROM template_product WHERE template_id = ?",
                                id.number()))
                .isGreaterThan(Integer.MAX_VALUE);
        JsonNode line =
                office().audit().page(Subject.of(id), 100, 0).path("data").get(4);
        assertThat(line.path("action").asText()).isEqualTo("list_products");
        assertThat(line.path("after").path("added").get(0).asText()).isEqualTo("other");
        assertThat(line.path("after").path("removed")).hasSize(9_999);
    }

    @Test
    void aListOfTheMallCountsUntilItIsReplacedAndOtherInstancesSeeChangesSoon() {
        long number = mall().template(5, 0, Map.of("use_type", 3, "goods_value", "[1001,\"1002\"]"));
        TemplateId id = new TemplateId(number);
        mall().execute(DatabaseId.META, "INSERT INTO template_product VALUES (?, ?, 'SN-1', 3)", number, number);
        ProductList list = side.rooms().productCatalog().find(id).orElseThrow();
        assertThat(list.scope()).isEqualTo(ProductList.Scope.BLACK_LIST);
        assertThat(list.goods()).containsExactlyInAnyOrder("1001", "1002", "sn-1");
        BackOffice other = office(InstantSource.system(), Failpoints.NONE);
        other.products().replace(id, ProductList.Scope.BLACK_LIST, List.of("SN-2"), OptionalInt.of(0), ANN);
        Awaitility.await()
                .atMost(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(side.rooms()
                                .productCatalog()
                                .find(id)
                                .orElseThrow()
                                .goods())
                        .containsExactly("sn-2"));
        assertThat(refusal(() -> office().products()
                        .replace(id, ProductList.Scope.BLACK_LIST, List.of("SN-3"), OptionalInt.of(0), ANN)))
                .isEqualTo(Reason.VERSION_CONFLICT);
    }

    @Test
    void noCouponIsForWhatIsForbidden() {
        office().products().forbid(List.of("Bad-1", "Bad-2"), ANN);
        assertThat(side.rooms().productCatalog().superBlacklist()).contains("bad-1", "bad-2");
        assertThat(office().products().forbid(List.of("BAD-1"), ANN).path("added"))
                .isEmpty();
        office().products().allow("bad-1", BOB);
        assertThat(side.rooms().productCatalog().superBlacklist())
                .contains("bad-2")
                .doesNotContain("bad-1");
        assertThat(office().audit()
                        .page(Subject.SUPER_BLACKLIST, 100, 0)
                        .path("data")
                        .findValuesAsText("action"))
                .contains("forbid_products", "allow_product");
    }

    @Test
    void whatIsAnsweredAsForbiddenIsForbiddenAndWhatTheKeyCannotTellApartIsRefused() {
        office().products().forbid(List.of("cafe-1", "\uD83C\uDF81-1"), ANN);
        for (String twin : List.of("caf\u00E9-1", "\uD83C\uDF84-1")) {
            assertThatThrownBy(() -> office().products().forbid(List.of("Other-1", twin), ANN))
                    .isInstanceOfSatisfying(
                            RulesBrokenException.class,
                            broken -> assertThat(broken.problems())
                                    .extracting(RuleProblem::path)
                                    .containsExactly("products[1]"))
                    .hasMessageContaining(twin);
            assertThat(office().products().allow(twin, BOB).path("removed")).isEmpty();
        }
        assertThat(side.rooms().productCatalog().superBlacklist())
                .contains("cafe-1", "\uD83C\uDF81-1")
                .doesNotContain("other-1", "caf\u00E9-1");
        assertThatThrownBy(() -> office().products().forbid(List.of("tea-1", "t\u00E9a-1"), ANN))
                .isInstanceOf(RulesBrokenException.class);
        assertThat(side.rooms().productCatalog().superBlacklist()).doesNotContain("tea-1");
        assertThat(office().products().forbid(List.of("CAFE-1"), ANN).path("added"))
                .isEmpty();
        assertThat(office().products().allow("CAFE-1", BOB).path("removed")).hasSize(1);
        assertThat(office().products().forbid(List.of("caf\u00E9-1"), ANN).path("added"))
                .hasSize(1);
        assertThat(side.rooms().productCatalog().superBlacklist()).contains("caf\u00E9-1");
    }

    @Test
    void ofTwoProductsThatTheKeyCannotTellApartOneIsForbiddenAtATimeHoweverManyAsk() {
        for (int round = 0; round < 10; round++) {
            List<String> products = List.of("dej" + round + "a", "d\u00E9j" + round + "a");
            AtomicInteger refused = new AtomicInteger();
            Parallel.run(2, i -> {
                try {
                    assertThat(office().products()
                                    .forbid(List.of(products.get(i)), ANN)
                                    .path("added"))
                            .hasSize(1);
                } catch (RulesBrokenException e) {
                    refused.incrementAndGet();
                }
            });
            assertThat(refused).hasValue(1);
        }
    }

    @Test
    void aWalkThroughAllTemplatesMissesNoneWhileOthersAreMade() {
        List<String> before = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            before.add(draft(rules(5L, 1L)).toString());
        }
        List<String> seen = new ArrayList<>();
        long after = 0;
        while (true) {
            JsonNode page = office().templates().page(3, after, Optional.empty());
            page.path("data").forEach(one -> seen.add(one.path("id").asText()));
            if (!page.path("has_more").asBoolean()) {
                break;
            }
            after = TemplateId.parse(page.path("next_cursor").asText())
                    .orElseThrow()
                    .number();
            if (seen.size() < 12) {
                draft(rules(5L, 1L));
            }
        }
        assertThat(seen).doesNotHaveDuplicates().containsAll(before);
    }
}
