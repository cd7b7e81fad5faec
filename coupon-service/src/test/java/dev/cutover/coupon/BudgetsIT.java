package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.template.RefundPolicy;
import dev.cutover.coupon.template.TemplateSheet;
import dev.cutover.coupon.template.Terms;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Money that the coupons of a template may take off in all: reserved, spent and given back once each, and never more than there is. */
final class BudgetsIT {
    private static final Operator ANN = new Operator("ann");
    private static final long SPARED = UseRig.SPARED;

    private static SideUnderTest side;
    private static MovableClock clock;
    private static UseRig rig;

    @BeforeAll
    static void open() {
        side = SideUnderTest.open(Side.NEW);
        clock = new MovableClock();
        rig = new UseRig(side, side.roomsWith(clock, Failpoints.NONE));
    }

    @AfterEach
    void everythingAddsUp() {
        assertThat(CouponInvariants.violated(side.mall())).isEmpty();
    }

    @AfterAll
    static void close() {
        side.close();
    }

    private static Optional<Reason> refusal(Runnable call) {
        return UseRig.refusal(call);
    }

    /** Thrown where a process would have died. */
    private static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static Failpoints dyingAt(Failpoint place) {
        return point -> {
            if (point == place) {
                throw new Died();
            }
        };
    }

    private static JsonNode shown(long template) {
        return rig.rooms().backOffice().levels().of(new TemplateId(template)).path("budget");
    }

    private static void assertShown(long template, long spent, long held, long left) {
        JsonNode budget = shown(template);
        assertThat(List.of(
                        budget.path("spent_minor").asLong(),
                        budget.path("held_minor").asLong(),
                        budget.path("left_minor").asLong(),
                        budget.path("amount_minor").asLong()))
                .containsExactly(spent, held, left, spent + held + left);
        assertThat(budget.path("settled").asBoolean()).isTrue();
    }

    /** A user whose coupons are in one shard database. */
    private static long userOf(int database) {
        return LongStream.generate(rig::user)
                .filter(user -> side.mall()
                                .plan
                                .layout()
                                .databaseOf(side.mall().plan.layout().slot(user))
                        == database)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aHoldReservesAConfirmationSpendsAndReleasesAndRefundsGiveBackWhatTheyTakeBack() {
        long template = side.mall().budgeted(2_000);
        long user = rig.user();
        assertShown(template, 0, 0, 2_000);
        CouponId first = rig.coupon(user, template);
        HoldId hold = rig.hold(user, "o1", first);
        assertShown(template, 0, SPARED, 1_500);
        rig.confirm(hold);
        assertShown(template, SPARED, 0, 1_500);
        HoldId second = rig.hold(user, "o2", rig.coupon(user, template));
        rig.release(second);
        assertShown(template, SPARED, 0, 1_500);
        RedemptionId use = rig.redeem(user, "o3", rig.coupon(user, template));
        assertShown(template, 2 * SPARED, 0, 1_000);
        rig.refund(use, "part", 120);
        assertShown(template, 2 * SPARED - 120, 0, 1_120);
        rig.refundRest(use, "rest");
        assertShown(template, SPARED, 0, 1_500);
    }

    @Test
    void aPercentageReservesWhatItTakesOffAndAPartByLinesGivesItsSharesBack() {
        TemplateSheet rules = TemplatesIT.rules(null, null, budget(10_000), 0);
        long template = published(rules);
        long user = rig.user();
        RedemptionId use = rig.redeem(user, "lines", rig.coupon(user, template), Cart.of(CouponInvariantsIT.LINES));
        assertShown(template, SPARED, 0, 10_000 - SPARED);
        JsonNode refunded = StoreConformance.json(rig.rooms()
                .redemptions()
                .refund(use, OptionalLong.empty(), "line", OptionalLong.empty(), List.of(1), UseRig.key())
                .json());
        long back = refunded.path("amount_minor").asLong();
        assertThat(back).isBetween(1L, SPARED - 1);
        assertShown(template, SPARED - back, 0, 10_000 - SPARED + back);
    }

    static Terms budget(long amountMinor) {
        return new Terms(
                0, 1, null, null, null, null, RefundPolicy.RESTORE_IF_VALID, null, null, true, null, amountMinor);
    }

    private static long published(TemplateSheet rules) {
        return published(rig.rooms(), rules);
    }

    static long published(CouponRooms rooms, TemplateSheet rules) {
        TemplateId id = draft(rooms, rules);
        rooms.backOffice().templates().publish(id, ANN);
        return id.number();
    }

    private static TemplateId draft(CouponRooms rooms, TemplateSheet rules) {
        return TemplateId.parse(StoreConformance.json(rooms.backOffice()
                                .templates()
                                .create(rules, UseRig.key(), ANN)
                                .json())
                        .path("id")
                        .asText())
                .orElseThrow();
    }

    @Test
    void withoutMoneyACouponIsClaimedButNeitherHeldNorUsedUntilSomeComesBack() {
        long template = side.mall().budgeted(SPARED + 499);
        long user = rig.user();
        RedemptionId use = rig.redeem(user, "o1", rig.coupon(user, template));
        CouponId next = rig.coupon(user, template);
        assertThat(refusal(() -> rig.redeem(user, "o2", next))).contains(Reason.BUDGET_EXHAUSTED);
        assertThat(refusal(() -> rig.hold(user, "o2", next))).contains(Reason.BUDGET_EXHAUSTED);
        assertThat(rig.status(next)).isEqualTo("AVAILABLE");
        JsonNode dry = rig.rooms().redemptions().validate(user, List.of(next), UseRig.ORDER);
        assertThat(dry.path("valid").asBoolean()).isFalse();
        assertThat(dry.at("/coupons/0/reason/code").asText()).isEqualTo("budget_exhausted");
        rig.refund(use, "one", 1);
        assertThat(rig.rooms()
                        .redemptions()
                        .validate(user, List.of(next), UseRig.ORDER)
                        .path("valid")
                        .asBoolean())
                .isTrue();
        rig.redeem(user, "o2", next);
        assertShown(template, 2 * SPARED - 1, 0, 0);
    }

    @Test
    void whatAnEndedHoldReservedComesBackOnceWithWhoeverTidiesEvenIfSomebodyElseHasTheCoupon() {
        long template = side.mall().budgeted(2 * SPARED);
        long user = rig.user();
        CouponId coupon = rig.coupon(user, template);
        HoldId over = rig.hold(user, "o1", coupon);
        clock.forward(UseRig.TTL.plusSeconds(6));
        // Free for others, and its money is not yet.
        HoldId next = rig.hold(user, "o2", coupon);
        assertShown(template, 0, 2 * SPARED, 0);
        assertThat(refusal(() -> rig.redeem(user, "o3", rig.coupon(user, template))))
                .contains(Reason.BUDGET_EXHAUSTED);
        UseRig late = rig.through(side.roomsWith(clock, Failpoints.NONE));
        Parallel.run(4, thread -> late.rooms().holdSweeper().tick());
        assertShown(template, 0, SPARED, SPARED);
        assertThat(refusal(() -> rig.release(over))).contains(Reason.HOLD_EXPIRED);
        rig.confirm(next);
        assertShown(template, SPARED, 0, SPARED);
    }

    @Test
    void moneyIsGatheredFromAllSlicesAndBroughtFromTheOtherDatabaseBeforeAnybodyIsRefused() {
        // 8 slices of 125 in two databases: no slice has what one coupon takes, no database what two of them do.
        long template = side.mall().budgeted(2 * SPARED);
        long user = userOf(0);
        rig.redeem(user, "o1", rig.coupon(user, template));
        assertThat(side.mall()
                        .number(
                                DatabaseId.shard(1),
                                "SELECT SUM(remaining) FROM budget_slice WHERE template_id = ?",
                                template))
                .isEqualTo(SPARED);
        rig.redeem(user, "o2", rig.coupon(user, template));
        assertShown(template, 2 * SPARED, 0, 0);
        assertThat(refusal(() -> rig.redeem(user, "o3", rig.coupon(user, template))))
                .contains(Reason.BUDGET_EXHAUSTED);
    }

    @Test
    void aRushOnABudgetAtItsEndIsRefusedAndSharesItsLooks() {
        long template = side.mall().budgeted(SPARED);
        long spender = rig.user();
        rig.redeem(spender, "o", rig.coupon(spender, template));
        int threads = 16;
        int each = 4;
        List<Long> users = LongStream.generate(rig::user).limit(threads).boxed().toList();
        List<CouponId> coupons =
                users.stream().map(user -> rig.coupon(user, template)).toList();
        side.mall().forgetStatements();
        Parallel.run(threads, thread -> {
            for (int i = 0; i < each; i++) {
                assertThat(refusal(() -> rig.redeem(users.get(thread), "o", coupons.get(thread))))
                        .contains(Reason.BUDGET_EXHAUSTED);
            }
        });
        // A look of one's own asks how transfers stand, before and after.
        assertThat(side.mall().statements("%FROM budget\\_transfer WHERE%")).isBetween(2L, 2L * threads * each - 1);
    }

    @Test
    void aTransferOfMoneyThatWasLeftHalfDoneIsFinishedOnce() {
        long template = side.mall().budgeted(800);
        long epoch = side.mall().control.read().epoch().number();
        side.mall()
                .execute(
                        DatabaseId.META,
                        "INSERT INTO budget_transfer VALUES (901, ?, ?, 0, 1, 400, 0, 1)",
                        epoch,
                        template);
        side.mall().execute(DatabaseId.shard(0), "INSERT INTO budget_transfer_leg VALUES (901, 1, ?, 400)", template);
        side.mall()
                .execute(
                        DatabaseId.shard(0),
                        "UPDATE budget_slice SET remaining = 0, allotted = 0 WHERE template_id = ?",
                        template);
        assertThat(side.mall().left(template)).isEqualTo(400);
        Parallel.run(4, thread -> side.rooms().tidy());
        assertThat(side.mall().left(template)).isEqualTo(800);
    }

    @Test
    void whoIsAskedAgainHasMovedMoneyOnce() {
        long template = side.mall().budgeted(4 * SPARED);
        long user = rig.user();
        CouponId coupon = rig.coupon(user, template);
        String key = UseRig.key();
        Set<Answer> answers = ConcurrentHashMap.newKeySet();
        Parallel.run(
                8,
                thread -> answers.add(new Answer(
                        rig.rooms()
                                .holds()
                                .hold(user, "o1", List.of(coupon), UseRig.ORDER, UseRig.TTL, key)
                                .json(),
                        false)));
        assertThat(answers).hasSize(1);
        assertShown(template, 0, SPARED, 3 * SPARED);
        HoldId hold = HoldId.parse(
                        StoreConformance.json(answers.iterator().next().json())
                                .path("id")
                                .asText())
                .orElseThrow();
        // Ended in two ways by many hands: its money is spent or back, once.
        AtomicInteger ends = new AtomicInteger();
        Parallel.run(8, thread -> {
            if (refusal(() -> {
                        if (thread % 2 == 0) {
                            rig.release(hold);
                        } else {
                            rig.confirm(hold);
                        }
                    })
                    .isEmpty()) {
                ends.incrementAndGet();
            }
        });
        assertThat(ends).hasValue(1);
        assertThat(shown(template).path("held_minor").asLong()).isZero();
        RedemptionId use = rig.redeem(user, "o2", rig.coupon(user, template));
        long left = side.mall().left(template);
        String refund = UseRig.key();
        Parallel.run(
                8,
                thread -> rig.rooms()
                        .redemptions()
                        .refund(use, OptionalLong.empty(), "part", OptionalLong.of(70), List.of(), refund));
        assertThat(side.mall().left(template)).isEqualTo(left + 70);
    }

    @Test
    void whatDiesInTheMiddleHasMovedNoMoney() {
        long template = side.mall().budgeted(4 * SPARED);
        long user = rig.user();
        UseRig dying = rig.through(side.roomsWith(clock, dyingAt(Failpoint.USE_WRITTEN)));
        CouponId coupon = rig.coupon(user, template);
        assertThatThrownBy(() -> dying.redeem(user, "o1", coupon)).isInstanceOf(Died.class);
        assertThatThrownBy(() -> dying.hold(user, "o1", coupon)).isInstanceOf(Died.class);
        assertShown(template, 0, 0, 4 * SPARED);
        HoldId hold = rig.hold(user, "o1", coupon);
        assertThatThrownBy(() -> dying.confirm(hold)).isInstanceOf(Died.class);
        assertShown(template, 0, SPARED, 3 * SPARED);
    }

    @Test
    void ordersThatDrawOnTheSameBudgetsInAnyOrderAllEndAndSpendWhatTheySay() {
        long[] templates = LongStream.range(0, 3)
                .map(i -> side.mall().budgeted(9 * SPARED))
                .toArray();
        AtomicInteger done = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        Parallel.run(8, thread -> {
            Random random = new Random(thread);
            for (int order = 0; order < 4; order++) {
                long user = rig.user();
                List<CouponId> coupons = new ArrayList<>();
                for (long template : templates) {
                    coupons.add(rig.coupon(user, template));
                }
                Collections.shuffle(coupons, random);
                Optional<Reason> refusal = refusal(() -> rig.rooms()
                        .redemptions()
                        .redeem(user, "o", coupons, Cart.of(OptionalLong.of(50_000)), UseRig.key()));
                if (refusal.isEmpty()) {
                    done.incrementAndGet();
                } else {
                    assertThat(refusal).contains(Reason.BUDGET_EXHAUSTED);
                    refused.incrementAndGet();
                }
            }
        });
        assertThat(done).hasValue(9);
        assertThat(refused).hasValue(8 * 4 - 9);
        for (long template : templates) {
            assertShown(template, 9 * SPARED, 0, 0);
        }
    }

    @Test
    void holdsOfSeveralBudgetsThatEndInEveryWayBesideOneAnotherGiveEverythingBack() {
        long[] templates = LongStream.range(0, 3)
                .map(i -> side.mall().budgeted(40 * SPARED))
                .toArray();
        Parallel.run(8, thread -> {
            Random random = new Random(thread);
            for (int order = 0; order < 4; order++) {
                long user = rig.user();
                List<CouponId> coupons = new ArrayList<>();
                for (long template : templates) {
                    coupons.add(rig.coupon(user, template));
                }
                Collections.shuffle(coupons, random);
                HoldId hold = rig.hold(user, "o", coupons.toArray(CouponId[]::new));
                if (order % 2 == 0) {
                    rig.release(hold);
                } else {
                    StoreConformance.json(rig.confirm(hold).json())
                            .path("redemptions")
                            .forEach(use -> rig.refundRest(
                                    RedemptionId.parse(use.path("id").asText()).orElseThrow(), "r"));
                }
            }
        });
        for (long template : templates) {
            assertShown(template, 0, 0, 40 * SPARED);
        }
    }

    @Test
    void aBudgetIsRaisedAndLoweredOnceForANumberBesideThoseWhoSpendIt() {
        long template = published(TemplatesIT.rules(null, null, budget(20 * SPARED), 0));
        StockId budget = StockId.budget(new TemplateId(template));
        AtomicInteger spent = new AtomicInteger();
        Parallel.run(6, thread -> {
            for (int i = 0; i < 6; i++) {
                if (thread < 2) {
                    var unused = rig.rooms().backOffice().adjustments().adjust(budget, "more-" + i, SPARED, ANN);
                } else if (thread == 2) {
                    var unused = rig.rooms().backOffice().adjustments().adjust(budget, "less-" + i, -SPARED / 2, ANN);
                } else {
                    long user = rig.user();
                    if (refusal(() -> rig.redeem(user, "o", rig.coupon(user, template)))
                            .isEmpty()) {
                        spent.incrementAndGet();
                    }
                }
            }
        });
        assertThat(spent).hasValue(18);
        assertShown(template, 18 * SPARED, 0, (20 + 6 - 3 - 18) * SPARED);
        assertThat(refusal(() -> rig.rooms().backOffice().adjustments().adjust(budget, "all", -6 * SPARED, ANN)))
                .contains(Reason.BUDGET_EXHAUSTED);
        assertShown(template, 18 * SPARED, 0, 5 * SPARED);
        assertThat(refusal(() -> rig.rooms()
                        .backOffice()
                        .adjustments()
                        .adjust(StockId.budget(new TemplateId(side.mall().template(-1, 0))), "x", 5, ANN)))
                .contains(Reason.TEMPLATE_NOT_EDITABLE);
    }

    @Test
    void aBudgetThatADraftWasGivenAMomentAgoIsDrawnOnByEveryInstance() {
        CouponRooms elsewhere = side.roomsWith(clock, Failpoints.NONE);
        TemplateId draft = draft(elsewhere, TemplatesIT.rules(null, null));
        // This instance has seen it without.
        assertThat(rig.rooms().templates().findOnNew(draft)).isPresent();
        elsewhere.backOffice().templates().edit(draft, 0, TemplatesIT.rules(null, null, budget(SPARED), 0), true, ANN);
        elsewhere.backOffice().templates().publish(draft, ANN);
        long user = rig.user();
        CouponId coupon = rig.through(elsewhere).coupon(user, draft.number());
        rig.redeem(user, "o", coupon);
        assertShown(draft.number(), SPARED, 0, 0);
    }

    @Test
    void withoutABudgetNothingIsAskedOfOne() {
        long template = side.mall().template(100, 0);
        long user = rig.user();
        rig.confirm(rig.hold(user, "warm", rig.coupon(user, template)));
        side.mall().forgetStatements();
        rig.release(rig.hold(user, "o1", rig.coupon(user, template)));
        rig.confirm(rig.hold(user, "o2", rig.coupon(user, template)));
        rig.refundRest(rig.redeem(user, "o3", rig.coupon(user, template)), "r");
        rig.rooms().redemptions().validate(user, List.of(rig.coupon(user, template)), UseRig.ORDER);
        assertThat(side.mall().statements("%budget%")).isZero();
        long budgeted = side.mall().budgeted(10 * SPARED);
        rig.redeem(user, "o4", rig.coupon(user, budgeted));
        assertThat(side.mall().statements("%budget\\_slice%")).isPositive();
    }

    @Test
    void aPublicationThatDiesLeavesABudgetToBeCutByTheNextOne() {
        TemplateId draft = draft(rig.rooms(), TemplatesIT.rules(9L, null, budget(777), 0));
        assertThatThrownBy(() -> rig.rooms()
                        .backOffice()
                        .with(clock, dyingAt(Failpoint.PUBLISH_SLICED))
                        .templates()
                        .publish(draft, ANN))
                .isInstanceOf(Died.class);
        assertThat(side.mall().left(draft.number())).isLessThan(777);
        rig.rooms()
                .backOffice()
                .with(clock.ahead(Duration.ofSeconds(10)), Failpoints.NONE)
                .tick();
        assertShown(draft.number(), 0, 0, 777);
    }

    /** The stages of a migration do not let a budget exist while there is a way back, and the mall has no room for its template's number. */
    @Test
    void behindARollbackNobodySpendsOrGivesBackWhatOnlyTheNewSideCounts() {
        try (SideUnderTest both = SideUnderTest.open(Side.NEW)) {
            UseRig there = new UseRig(both, both.rooms());
            long template = published(both.rooms(), TemplatesIT.rules(null, null, budget(4 * SPARED), 0));
            long user = there.user();
            RedemptionId used = there.redeem(user, "used", there.coupon(user, template));
            CouponId free = there.coupon(user, template);
            HoldId hold = there.hold(user, "held", there.coupon(user, template));
            both.mall().moveTruth(Side.OLD);
            Awaitility.await().until(() -> both.proxy().register().truth() == Side.OLD);
            assertThat(refusal(() -> there.redeem(user, "late", free))).contains(Reason.COUPON_NOT_FOUND);
            assertThat(refusal(() -> there.refundRest(used, "late"))).contains(Reason.REDEMPTION_NOT_FOUND);
            assertThatThrownBy(() -> there.hold(user, "late", free)).isInstanceOf(MigrationFenceException.class);
            both.mall().moveTruth(Side.NEW);
            Awaitility.await().until(() -> both.proxy().register().truth() == Side.NEW);
            assertThat(CouponInvariants.violated(both.mall())).isEmpty();
            there.release(hold);
            there.redeem(user, "then", free);
            there.refundRest(used, "then");
            assertThat(both.mall().left(template)).isEqualTo(3 * SPARED);
            assertThat(CouponInvariants.violated(both.mall())).isEmpty();
        }
    }
}
