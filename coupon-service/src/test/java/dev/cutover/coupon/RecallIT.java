package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.audit.Subject;
import dev.cutover.coupon.backoffice.BackOffice;
import dev.cutover.coupon.backoffice.Recall;
import dev.cutover.coupon.backoffice.Recalls;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.RecallId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.issuance.Audience;
import dev.cutover.coupon.issuance.IssuanceOrder;
import dev.cutover.coupon.issuance.IssuanceWorker;
import dev.cutover.coupon.issuance.Issuances;
import dev.cutover.coupon.issuance.MessageCentre;
import dev.cutover.coupon.issuance.Tunables;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.Voiding;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a template has given out is taken back: all of it that nobody uses, once, whoever holds it, uses it or dies meanwhile. */
final class RecallIT {
    private static final Operator ANN = new Operator("ann");
    // Longer than the lease of a worker.
    private static final Duration LEASE_OVER = Duration.ofSeconds(31);
    // Longer than a claim may be on its way behind a pause.
    private static final Duration SETTLED = Duration.ofSeconds(14);

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

    /** Thrown where a process would have died. */
    private static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static BackOffice office() {
        return rig.rooms().backOffice();
    }

    private static Recalls recalls() {
        return office().recalls();
    }

    /** The recalls of another instance. */
    private static Recalls recalls(UseRig where, Failpoints failpoints) {
        return where.rooms().backOffice().with(clock, failpoints).recalls();
    }

    private static List<CouponId> coupons(UseRig where, long template, int count) {
        return Stream.generate(() -> where.coupon(where.user(), template))
                .limit(count)
                .toList();
    }

    private static long user(CouponId coupon) {
        return rig.rooms().wallet().coupon(coupon).path("user_id").asLong();
    }

    private static RecallId order(UseRig where, long template) {
        where.rooms().backOffice().templates().pause(new TemplateId(template), ANN);
        return order(where, template, null);
    }

    private static RecallId order(UseRig where, long template, @Nullable IssuanceId issuance) {
        return where.rooms()
                .backOffice()
                .recalls()
                .order(new Recall.Order(UseRig.key(), new TemplateId(template), issuance, "wrong amount", ANN))
                .progress()
                .recall()
                .id();
    }

    /** Works until the recall is done, a round at a time. */
    private static Recall.Progress finished(Recalls worker, RecallId id) {
        for (int round = 0; round < 10; round++) {
            worker.tick();
            if (worker.recall(id).state() == Recall.State.DONE) {
                return worker.progress(id);
            }
            clock.forward(SETTLED);
        }
        throw new AssertionError("Not done after ten rounds: " + worker.progress(id));
    }

    private static List<String> statuses(List<CouponId> coupons) {
        return coupons.stream().map(rig::status).toList();
    }

    /** How often the ledger says that these were voided by this recall. */
    private static long voids(SideUnderTest there, RecallId id) {
        return there.mall().plan.shardDatabases().stream()
                .mapToLong(shard -> there.mall()
                        .number(
                                shard,
                                "SELECT COUNT(*) FROM coupon_ledger WHERE act = 9 AND business_no = ?",
                                id.businessNo()))
                .sum();
    }

    private static void assertSound() {
        rig.rooms().statistics().tick();
        assertThat(rig.rooms().statistics().recount()).isEmpty();
        assertThat(CouponInvariants.violated(side.mall())).isEmpty();
    }

    @Test
    void everyCouponThatIsAvailableIsVoidedAndNoneThatIsUsedExpiredOrOfAnotherTemplate() {
        long template = side.mall().template(1000, 0);
        long another = side.mall().template(1000, 0);
        CouponId expired = rig.coupon(rig.user(), template);
        clock.forward(Duration.ofDays(4));
        List<CouponId> coupons = coupons(rig, template, 30);
        List<CouponId> used = coupons.subList(0, 5);
        used.forEach(coupon -> rig.redeem(user(coupon), "o-" + coupon, coupon));
        CouponId alone = rig.coupon(rig.user(), another);
        RecallId id = order(rig, template);
        assertThat(recalls().progress(id).total()).isNull();

        Recall.Progress progress = finished(recalls(), id);

        assertThat(statuses(coupons.subList(5, 30))).containsOnly("VOIDED");
        assertThat(statuses(used)).containsOnly("USED");
        assertThat(rig.status(expired)).isEqualTo("EXPIRED");
        assertThat(rig.status(alone)).isEqualTo("AVAILABLE");
        assertThat(progress.total()).isEqualTo(31);
        assertThat(progress.voided()).isEqualTo(25);
        assertThat(progress.used()).isEqualTo(5);
        assertThat(progress.held()).isZero();
        assertThat(progress.recall().createdBy()).isEqualTo("ann");
        assertThat(progress.recall().endedAt()).isNotNull();
        assertThat(voids(side, id)).isEqualTo(25);
        assertThat(office().audit()
                        .page(Subject.of(new TemplateId(template)), 10, 0)
                        .path("data"))
                .extracting(line -> line.path("operator").asText() + " "
                        + line.path("action").asText())
                .containsExactly("ann pause", "ann recall", "coupon-service recalled");
        assertSound();
    }

    @Test
    void whatAHoldHasComesWhenTheHoldIsReleasedOrOverAndStaysWhenItIsConfirmed() {
        long template = side.mall().template(1000, 0);
        List<CouponId> coupons = coupons(rig, template, 4);
        List<HoldId> holds = coupons.subList(0, 3).stream()
                .map(coupon -> rig.hold(user(coupon), "h-" + coupon, coupon))
                .toList();
        RecallId id = order(rig, template);
        recalls().tick();
        assertThat(recalls().progress(id).held()).isEqualTo(3);
        assertThat(statuses(coupons)).containsExactly("HELD", "HELD", "HELD", "VOIDED");
        clock.forward(SETTLED);
        recalls().tick();
        assertThat(recalls().recall(id).state())
                .as("with three held it is not done")
                .isEqualTo(Recall.State.RUNNING);

        rig.release(holds.get(0));
        rig.confirm(holds.get(1));
        clock.forward(SETTLED);
        recalls().tick();
        assertThat(statuses(coupons)).containsExactly("VOIDED", "USED", "HELD", "VOIDED");
        assertThat(recalls().progress(id).held()).isEqualTo(1);

        clock.forward(UseRig.TTL);
        Recall.Progress progress = finished(recalls(), id);
        assertThat(statuses(coupons)).containsExactly("VOIDED", "USED", "VOIDED", "VOIDED");
        assertThat(progress.voided()).isEqualTo(3);
        assertThat(progress.used()).isEqualTo(1);
        assertThat(rig.rooms().holdSweeper().tick()).isEqualTo(1);
        assertSound();
    }

    @Test
    void besideUsesInManyThreadsEachCouponIsUsedOrVoidAndNeverBoth() {
        assertThat(strange(rig)).isEmpty();
        assertSound();
        try (SideUnderTest there = SideUnderTest.open(Side.NEW)) {
            UseRig twin = new UseRig(there, there.roomsWith(clock, Failpoints.NONE));
            assertThat(strange(twin, Voiding.VOIDS_WHAT_IT_READ))
                    .as("coupons that are not as their user was told, without the condition")
                    .isNotEmpty();
            assertThat(CouponInvariants.violated(there.mall())).isNotEmpty();
        }
    }

    /** Recalls what eight threads use, one coupon of each table between the recall's reading it and voiding it; which coupons are not as told. */
    private static List<String> strange(UseRig where, String... bugs) {
        long template = where.side().mall().template(1000, 0);
        Map<CouponId, Long> users = new ConcurrentHashMap<>();
        for (int i = 0; i < 80; i++) {
            long user = where.user();
            users.put(where.coupon(user, template), user);
        }
        Map<Integer, CouponId> between =
                users.keySet().stream().collect(Collectors.toMap(CouponId::slot, one -> one, (one, other) -> one));
        assertThat(between).as("coupons in every table").hasSize(SmallMall.DATABASES * SmallMall.TABLES);
        Queue<CouponId> others = new ConcurrentLinkedQueue<>(users.keySet().stream()
                .filter(coupon -> !between.containsValue(coupon))
                .toList());
        Set<CouponId> used = ConcurrentHashMap.newKeySet();
        Map<CouponId, Reason> refused = new ConcurrentHashMap<>();
        RecallId id = order(where, template);
        AtomicInteger slot = new AtomicInteger();
        Failpoints planted = Planted.alone(bugs);
        Recalls recalls = recalls(where, new Failpoints() {
            @Override
            public void hit(Failpoint point) {
                CouponId coupon = point == Failpoint.RECALL_READ ? between.remove(slot.getAndIncrement()) : null;
                if (coupon != null) {
                    Parallel.run(1, unused -> use(where, coupon, users, used, refused));
                }
            }

            @Override
            public boolean planted(String bug) {
                return planted.planted(bug);
            }
        });
        Parallel.run(8, thread -> {
            if (thread == 0) {
                recalls.tick();
                return;
            }
            for (CouponId coupon = others.poll(); coupon != null; coupon = others.poll()) {
                use(where, coupon, users, used, refused);
            }
        });
        assertThat(between).as("coupons nobody used between").isEmpty();
        Recall.Progress progress = finished(recalls, id);
        assertThat(refused.values()).allMatch(reason -> reason == Reason.COUPON_VOIDED);
        List<String> strange = new ArrayList<>();
        for (CouponId coupon : users.keySet()) {
            String status = where.status(coupon);
            if (!status.equals(used.contains(coupon) ? "USED" : "VOIDED")) {
                strange.add(coupon + " was " + (used.contains(coupon) ? "used" : "not used") + " and is " + status);
            }
        }
        if (progress.voided() + used.size() != users.size() || voids(where.side(), id) != progress.voided()) {
            strange.add(progress + " of " + users.size() + " of which " + used.size() + " were used");
        }
        return strange;
    }

    private static void use(
            UseRig where,
            CouponId coupon,
            Map<CouponId, Long> users,
            Set<CouponId> used,
            Map<CouponId, Reason> refused) {
        Optional<Reason> reason =
                UseRig.refusal(() -> where.redeem(users.getOrDefault(coupon, 0L), "o-" + coupon, coupon));
        reason.ifPresentOrElse(why -> refused.put(coupon, why), () -> used.add(coupon));
    }

    @Test
    void aRecallWhoseWorkerDiedIsGoneOnWithByAnotherWhenTheLeaseIsOverAndEachCouponIsCountedOnce() {
        for (Failpoint point : List.of(Failpoint.RECALL_READ, Failpoint.RECALL_VOIDED, Failpoint.RECALL_COMMITTED)) {
            long template = side.mall().template(1000, 0);
            List<CouponId> coupons = coupons(rig, template, 16);
            rig.hold(user(coupons.get(0)), "h-" + coupons.get(0), coupons.get(0));
            RecallId id = order(rig, template);
            for (int death = 1; death <= 2; death++) {
                AtomicInteger left = new AtomicInteger(death + 1);
                Recalls dying = recalls(rig, hit -> {
                    if (hit == point && left.decrementAndGet() == 0) {
                        throw new Died();
                    }
                });
                dying.tick();
                assertThat(left).as("%s is come by", point.word()).hasValue(0);
                long voided = recalls().progress(id).voided();
                assertThat(voided).isEqualTo(voids(side, id)).isLessThan(15);
                recalls().tick();
                assertThat(recalls().progress(id).voided())
                        .as("while the lease lasts nobody else begins")
                        .isEqualTo(voided);
                clock.forward(LEASE_OVER);
            }
            clock.forward(UseRig.TTL);
            Recall.Progress progress = finished(recalls(), id);
            assertThat(progress.total()).as(point.word()).isEqualTo(16);
            assertThat(progress.voided()).as(point.word()).isEqualTo(16);
            assertThat(voids(side, id)).as(point.word()).isEqualTo(16);
            assertThat(statuses(coupons)).containsOnly("VOIDED");
        }
        rig.rooms().holdSweeper().tick();
        assertSound();
    }

    @Test
    void aWorkerThatStoodStillLongerThanItsLeaseAndOneBesideItVoidAndCountEachCouponOnce() {
        long template = side.mall().template(1000, 0);
        List<CouponId> coupons = coupons(rig, template, 40);
        RecallId id = order(rig, template);
        BackOffice later = office().with(clock.ahead(LEASE_OVER), Failpoints.NONE);
        BackOffice latest = office().with(clock.ahead(LEASE_OVER.multipliedBy(2)), Failpoints.NONE);
        AtomicInteger steps = new AtomicInteger();
        recalls(rig, point -> {
                    if (point == Failpoint.RECALL_COMMITTED && steps.incrementAndGet() == 2) {
                        Parallel.run(
                                2,
                                other -> (other == 0 ? later : latest).recalls().tick());
                    }
                })
                .tick();
        assertThat(steps.get()).as("steps behind the lease").isGreaterThan(2);
        Recall.Progress progress = finished(latest.recalls(), id);
        assertThat(progress.total()).isEqualTo(40);
        assertThat(progress.voided()).isEqualTo(40);
        assertThat(voids(side, id)).isEqualTo(40);
        assertThat(statuses(coupons)).containsOnly("VOIDED");
        assertSound();
    }

    @Test
    void aTemplateThatGivesOutCouponsIsNotRecalledAndOneThatIsBeingRecalledGivesOutNone() {
        long template = side.mall().template(1000, 0);
        TemplateId id = new TemplateId(template);
        CouponId coupon = rig.coupon(rig.user(), template);
        HoldId hold = rig.hold(user(coupon), "h", coupon);
        assertThatThrownBy(() -> order(rig, template, null)).hasMessageContaining("PUBLISHED: pause or end it first");
        RecallId recall = order(rig, template);
        assertThatThrownBy(() -> office().templates().resume(id, ANN))
                .hasMessageContaining("is being recalled by " + recall);
        rig.release(hold);
        finished(recalls(), recall);
        office().templates().resume(id, ANN);
        assertThat(rig.status(rig.coupon(rig.user(), template))).isEqualTo("AVAILABLE");
        office().templates().end(id, ANN);
        assertThat(finished(recalls(), order(rig, template, null)).voided()).isEqualTo(1);
    }

    @Test
    void whatBecomesAvailableBehindTheWalkIsVoidedToo() {
        long template = side.mall().template(1000, 0);
        long user = rig.user();
        CouponId back = rig.coupon(user, template);
        RedemptionId use = rig.redeem(user, "o", back);
        RecallId id = order(rig, template);
        recalls().tick();
        assertThat(recalls().progress(id).used()).isEqualTo(1);
        rig.refundRest(use, "back");
        assertThat(rig.status(back)).isEqualTo("AVAILABLE");
        // A claim that read the template before it was paused.
        side.mall().execute(DatabaseId.META, "UPDATE coupon_template SET status = 1 WHERE template_id = ?", template);
        CouponId late = rig.through(side.roomsWith(clock, Failpoints.NONE)).coupon(rig.user(), template);
        side.mall().execute(DatabaseId.META, "UPDATE coupon_template SET status = 2 WHERE template_id = ?", template);

        Recall.Progress progress = finished(recalls(), id);

        assertThat(statuses(List.of(back, late))).containsOnly("VOIDED");
        assertThat(progress.voided()).isEqualTo(2);
        assertSound();
    }

    @Test
    void aRecallIsOrderedOnceUnderItsNumber() {
        long template = side.mall().template(1000, 0);
        office().templates().pause(new TemplateId(template), ANN);
        Recall.Order order = new Recall.Order(UseRig.key(), new TemplateId(template), null, "why", ANN);
        Recall.Ordered first = recalls().order(order);
        Recall.Ordered again = recalls().order(order);
        assertThat(first.known()).isFalse();
        assertThat(again.known()).isTrue();
        assertThat(again.progress()).isEqualTo(first.progress());
        assertThat(UseRig.refusal(() -> recalls()
                        .order(new Recall.Order(order.number(), order.template(), null, "another reason", ANN))))
                .contains(Reason.IDEMPOTENCY_KEY_REUSED);
        assertThat(UseRig.refusal(() -> recalls().recall(new RecallId(999)))).contains(Reason.RECALL_NOT_FOUND);
        finished(recalls(), first.progress().recall().id());
    }

    @Test
    void aCancelledRecallVoidsNothingMoreWhoeverIsAtIt() {
        long template = side.mall().template(1000, 0);
        List<CouponId> coupons = coupons(rig, template, 40);
        RecallId id = order(rig, template);
        AtomicInteger steps = new AtomicInteger();
        List<Long> atTheCancel = new ArrayList<>();
        recalls(rig, point -> {
                    if (point == Failpoint.RECALL_COMMITTED && steps.incrementAndGet() == 3) {
                        atTheCancel.add(recalls().cancel(id, ANN).voided());
                    }
                })
                .tick();
        assertThat(steps.get()).as("steps behind the cancel").isGreaterThan(3);
        Recall.Progress progress = recalls().progress(id);
        assertThat(progress.recall().state()).isEqualTo(Recall.State.CANCELLED);
        assertThat(progress.recall().endedBy()).isEqualTo("ann");
        assertThat(progress.voided()).isEqualTo(atTheCancel.get(0)).isPositive().isLessThan(40);
        assertThat(statuses(coupons)).contains("AVAILABLE");
        assertThat(recalls().cancel(id, ANN)).as("again").isEqualTo(progress);
        office().templates().resume(new TemplateId(template), ANN);

        RecallId done = order(rig, template);
        finished(recalls(), done);
        assertThat(UseRig.refusal(() -> recalls().cancel(done, ANN))).contains(Reason.RECALL_STATE_CONFLICT);
        assertSound();
    }

    @Test
    void aRecallTellsWhatItFailedOfUntilItDoesNotAnyMore() {
        long template = side.mall().template(1000, 0);
        CouponId coupon = rig.coupon(rig.user(), template);
        RecallId id = order(rig, template);
        recalls(rig, point -> {
                    throw new DatabaseTroubleException("A step", new SQLException("no room"));
                })
                .tick();
        Recall failed = recalls().recall(id);
        assertThat(failed.state()).isEqualTo(Recall.State.RUNNING);
        assertThat(failed.failure()).isEqualTo("A step failed in the database: no room");
        clock.forward(SETTLED);
        assertThat(finished(recalls(), id).recall().failure()).isNull();
        assertThat(rig.status(coupon)).isEqualTo("VOIDED");
    }

    @Test
    void aFrozenBackOfficeOrdersCancelsAndGoesOnWithNoRecall() {
        long template = side.mall().template(1000, 0);
        CouponId coupon = rig.coupon(rig.user(), template);
        RecallId id = order(rig, template);
        side.mall().freeze(true);
        try {
            Awaitility.await().until(rig.rooms().databases()::frozen);
            assertThatThrownBy(() -> order(rig, template, null)).isInstanceOf(MigrationFenceException.class);
            assertThatThrownBy(() -> recalls().cancel(id, ANN)).isInstanceOf(MigrationFenceException.class);
            recalls().tick();
            assertThat(rig.status(coupon)).isEqualTo("AVAILABLE");
        } finally {
            side.mall().freeze(false);
        }
        Awaitility.await().until(() -> !rig.rooms().databases().frozen());
        finished(recalls(), id);
        assertThat(rig.status(coupon)).isEqualTo("VOIDED");
    }

    @Test
    void theCouponsOfOneIssuanceAreRecalledAlone() {
        long template = side.mall().template(1000, 0);
        CouponId claimed = rig.coupon(rig.user(), template);
        Issuances issuances =
                new Issuances(rig.rooms().issuing(), MessageCentre.NONE, Issuances.USUAL_CHUNK, Failpoints.NONE);
        IssuanceId issuance = issuances
                .order(new IssuanceOrder(
                        UseRig.key(),
                        new TemplateId(template),
                        Optional.of(Audience.of(new long[] {rig.user(), rig.user(), rig.user()})),
                        Tunables.USUAL,
                        "ann"))
                .progress()
                .task()
                .id();
        issuances.worker(IssuanceWorker.Options.of("recall")).tick();
        office().templates().pause(new TemplateId(template), ANN);
        assertThat(UseRig.refusal(() -> order(rig, template, new IssuanceId(9_999))))
                .contains(Reason.ISSUANCE_NOT_FOUND);
        Recall.Progress progress = finished(recalls(), order(rig, template, issuance));
        assertThat(progress.total()).isEqualTo(3);
        assertThat(progress.voided()).isEqualTo(3);
        assertThat(rig.status(claimed)).isEqualTo("AVAILABLE");
    }
}
