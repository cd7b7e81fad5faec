package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.OrderLine;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.store.CouponStatus;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Coupons kept for an order: one holder at a time, used once, free again when their time is over, whoever is late or dead. */
final class HoldsIT {
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

    @Test
    void aHeldCouponIsUsedByItsHoldAlone() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        HoldId hold = rig.hold(user, "o1", coupon);
        assertThat(rig.status(coupon)).isEqualTo("HELD");
        assertThat(rig.rooms()
                        .wallet()
                        .page(user, 10, Optional.empty(), Optional.of(CouponStatus.HELD))
                        .path("data"))
                .hasSize(1);
        assertThat(rig.rooms()
                        .wallet()
                        .page(user, 10, Optional.empty(), Optional.of(CouponStatus.AVAILABLE))
                        .path("data"))
                .isEmpty();
        assertThat(refusal(() -> rig.redeem(user, "o2", coupon))).contains(Reason.COUPON_HELD);
        assertThat(refusal(() -> rig.hold(user, "o2", coupon))).contains(Reason.COUPON_HELD);
        assertThat(refusal(() -> rig.rooms().redemptions().voidCoupon(coupon, "eve", "why", UseRig.key())))
                .contains(Reason.COUPON_HELD);
        JsonNode used = StoreConformance.json(rig.confirm(hold).json());
        assertThat(used.path("order_no").asText()).isEqualTo("o1");
        assertThat(used.path("redemptions").get(0).path("amount_minor").asLong())
                .isEqualTo(500);
        assertThat(rig.status(coupon)).isEqualTo("USED");
        assertThat(refusal(() -> rig.confirm(hold))).contains(Reason.COUPON_ALREADY_USED);
        assertThat(refusal(() -> rig.release(hold))).contains(Reason.COUPON_ALREADY_USED);
        assertThat(rig.rooms().holds().get(hold).path("status").asText()).isEqualTo("CONFIRMED");
    }

    @Test
    void eachActIsReplayedUnderItsKey() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        String key = UseRig.key();
        Answer first = rig.rooms().holds().hold(user, "o1", List.of(coupon), UseRig.ORDER, UseRig.TTL, key);
        Answer again = rig.rooms().holds().hold(user, "o1", List.of(coupon), UseRig.ORDER, UseRig.TTL, key);
        assertThat(again.replayed()).isTrue();
        assertThat(again.json()).isEqualTo(first.json());
        HoldId hold = HoldId.parse(
                        StoreConformance.json(first.json()).path("id").asText())
                .orElseThrow();
        assertThat(rig.rooms().holds().confirm(hold, OptionalLong.of(user), key).replayed())
                .isFalse();
        assertThat(rig.rooms().holds().confirm(hold, OptionalLong.empty(), key).replayed())
                .isTrue();
        assertThat(refusal(() -> rig.rooms().holds().hold(user, "o9", List.of(coupon), UseRig.ORDER, UseRig.TTL, key)))
                .contains(Reason.IDEMPOTENCY_KEY_REUSED);
    }

    @Test
    void whatIsReleasedIsFreeAndItsHoldHasNothing() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        HoldId hold = rig.hold(user, "o1", coupon);
        rig.release(hold);
        assertThat(rig.status(coupon)).isEqualTo("AVAILABLE");
        assertThat(refusal(() -> rig.confirm(hold))).contains(Reason.HOLD_NOT_OWNER);
        assertThat(refusal(() -> rig.release(hold))).contains(Reason.HOLD_NOT_OWNER);
        rig.redeem(user, "o2", coupon);
        assertThat(refusal(() -> rig.rooms().holds().confirm(hold, OptionalLong.of(rig.user()), UseRig.key())))
                .contains(Reason.HOLD_NOT_FOUND);
    }

    @Test
    void severalCouponsAreHeldTogetherOrNotAtAll() {
        long user = rig.user();
        CouponId one = rig.coupon(user);
        CouponId other = rig.coupon(user);
        rig.hold(user, "o1", other);
        assertThat(refusal(() -> rig.hold(user, "o2", one, other))).contains(Reason.COUPON_HELD);
        assertThat(rig.status(one)).isEqualTo("AVAILABLE");
    }

    /** The sweeper never runs in this test. */
    @Test
    void withTheSweeperDeadAnEndedHoldIsFreeForEverybody() {
        long user = rig.user();
        CouponId redeemed = rig.coupon(user);
        CouponId heldAgain = rig.coupon(user);
        CouponId voided = rig.coupon(user);
        HoldId first = rig.hold(user, "o1", redeemed);
        HoldId second = rig.hold(user, "o2", heldAgain);
        rig.hold(user, "o3", voided);
        clock.forward(UseRig.TTL);
        assertThat(rig.status(redeemed)).isEqualTo("AVAILABLE");
        assertThat(refusal(() -> rig.confirm(first))).contains(Reason.HOLD_EXPIRED);
        assertThat(refusal(() -> rig.release(first))).contains(Reason.HOLD_EXPIRED);
        rig.redeem(user, "o4", redeemed);
        HoldId third = rig.hold(user, "o5", heldAgain);
        assertThat(refusal(() -> rig.confirm(second))).contains(Reason.HOLD_EXPIRED);
        rig.rooms().redemptions().voidCoupon(voided, "eve", "why", UseRig.key());
        rig.confirm(third);
        assertThat(rig.rooms().holds().get(second).path("status").asText()).isEqualTo("EXPIRED");
    }

    @Test
    void theSweeperTidiesWhatIsOverAndLeavesAloneWhatSomebodyElseHas() {
        long user = rig.user();
        CouponId forgotten = rig.coupon(user);
        CouponId takenOver = rig.coupon(user);
        HoldId first = rig.hold(user, "o1", forgotten);
        HoldId second = rig.hold(user, "o2", takenOver);
        clock.forward(UseRig.TTL);
        HoldId third = rig.hold(user, "o3", takenOver);
        clock.forward(Duration.ofSeconds(6));
        AtomicInteger swept = new AtomicInteger();
        Parallel.run(4, i -> swept.addAndGet(rig.rooms().holdSweeper().tick()));
        assertThat(swept).hasValueGreaterThanOrEqualTo(2);
        assertThat(rig.rooms().holdSweeper().tick()).isZero();
        for (HoldId hold : List.of(first, second)) {
            assertThat(rig.number(hold.slot(), "SELECT state FROM coupon_hold WHERE hold_no = ?", hold.text()))
                    .isEqualTo(4);
        }
        assertThat(rig.number(
                        forgotten.slot(),
                        "SELECT COUNT(*) FROM {user_coupon} WHERE coupon_id = ? AND hold_no IS NULL AND hold_until IS NULL",
                        forgotten.number()))
                .isEqualTo(1);
        assertThat(rig.status(takenOver)).isEqualTo("HELD");
        rig.confirm(third);
        assertThat(holdsOf(user)).isEqualTo(3);
        clock.forward(Duration.ofDays(31));
        rig.rooms().holdSweeper().tick();
        assertThat(holdsOf(user)).as("what ended a month ago is forgotten").isZero();
    }

    private static long holdsOf(long user) {
        return rig.number(
                side.mall().plan.layout().slot(user), "SELECT COUNT(*) FROM coupon_hold WHERE user_id = ?", user);
    }

    @Test
    void aHoldTakenInTimeIsConfirmedBehindTheEndOfItsCoupon() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        long end = clock.millis() + 60_000;
        rig.execute(coupon.slot(), "UPDATE {user_coupon} SET valid_to = ? WHERE coupon_id = ?", end, coupon.number());
        HoldId hold = rig.hold(user, "o1", coupon);
        clock.forward(Duration.ofMinutes(2));
        assertThat(rig.status(coupon)).isEqualTo("HELD");
        rig.confirm(hold);
        assertThat(rig.status(coupon)).isEqualTo("USED");

        CouponId late = rig.coupon(user);
        rig.execute(late.slot(), "UPDATE {user_coupon} SET valid_to = ? WHERE coupon_id = ?", end, late.number());
        assertThat(refusal(() -> rig.hold(user, "o2", late))).contains(Reason.COUPON_EXPIRED);
    }

    @Test
    void whatWasAgreedIsWhatIsUsed() {
        long user = rig.user();
        CouponId percent = rig.coupon(
                user, side.mall().template(100, 0, Map.of("type", 1, "amount", "8.50", "min_point", "0.00")));
        CouponId off = rig.coupon(user);
        Cart cart = Cart.of(List.of(
                new OrderLine(new Product("p1", null, "c"), 1, 3333, 0),
                new OrderLine(new Product(null, "sn-2", null), 3, 10_001, 120)));
        Answer held = rig.rooms().holds().hold(user, "o1", List.of(percent, off), cart, UseRig.TTL, UseRig.key());
        JsonNode agreed = StoreConformance.json(held.json());
        HoldId hold = HoldId.parse(agreed.path("id").asText()).orElseThrow();
        JsonNode used = StoreConformance.json(rig.confirm(hold).json());
        assertThat(used.path("line_discounts_minor")).isEqualTo(agreed.path("line_discounts_minor"));
        assertThat(used.path("payable_minor")).isEqualTo(agreed.path("payable_minor"));
        assertThat(used.path("discount_minor").asLong()).isEqualTo(2500);
        RedemptionId redemption = RedemptionId.parse(
                        used.path("redemptions").get(0).path("id").asText())
                .orElseThrow();
        JsonNode shown = rig.rooms().redemptions().get(redemption);
        assertThat(shown.path("lines")).hasSize(2);
        assertThat(shown.path("lines").get(1).path("goods_sn").asText()).isEqualTo("sn-2");
        assertThat(shown.path("lines").get(1).path("quantity").asLong()).isEqualTo(3);
        long sum = 0;
        for (JsonNode line : shown.path("lines")) {
            sum += line.path("discount_minor").asLong();
        }
        assertThat(sum).isEqualTo(shown.path("amount_minor").asLong());
    }

    @Test
    void aCrashBehindTheCouponsLeavesNothingHeldAndTheKeyCanBeUsedAgain() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        AtomicInteger crashes = new AtomicInteger();
        UseRig crashing = rig.through(side.roomsWith(clock, point -> {
            if (point == Failpoint.USE_WRITTEN && crashes.incrementAndGet() == 1) {
                throw new IllegalStateException("crash");
            }
        }));
        String key = UseRig.key();
        assertThatThrownBy(
                        () -> crashing.rooms().holds().hold(user, "o1", List.of(coupon), UseRig.ORDER, UseRig.TTL, key))
                .hasMessageContaining("crash");
        assertThat(rig.status(coupon)).isEqualTo("AVAILABLE");
        assertThat(crashing.rooms()
                        .holds()
                        .hold(user, "o1", List.of(coupon), UseRig.ORDER, UseRig.TTL, key)
                        .replayed())
                .isFalse();
    }

    /** Lets so many threads come to the point between the read and the write before one goes on; who waits for nobody goes on as well. */
    static Failpoints meeting(int threads, Duration patience, Set<String> planted) {
        return meeting(Failpoint.USE_READ, threads, patience, planted);
    }

    private static Failpoints meeting(Failpoint where, int threads, Duration patience, Set<String> planted) {
        CountDownLatch arrived = new CountDownLatch(threads);
        return new Failpoints() {
            @Override
            public void hit(Failpoint point) {
                if (point == where) {
                    arrived.countDown();
                    try {
                        if (!arrived.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                            arrived.countDown();
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new AssertionError(e);
                    }
                }
            }

            @Override
            public boolean planted(String bug) {
                return planted.contains(bug);
            }
        };
    }

    @Test
    void ofConfirmationReleaseAndASecondHoldOneHasTheCoupon() {
        // One instance sees the hold live, the other sees it over.
        InstantSource early = clock;
        InstantSource late = clock.ahead(UseRig.TTL);
        Set<String> winners = ConcurrentHashMap.newKeySet();
        Set<String> both = Set.of("confirm", "second hold");
        for (int round = 0; round < 10 || (round < 60 && !winners.containsAll(both)); round++) {
            Failpoints meeting = meeting(2, Duration.ofMillis(150), Set.of());
            UseRig first = rig.through(side.roomsWith(early, meeting));
            UseRig second = rig.through(side.roomsWith(late, meeting));
            long user = rig.user();
            CouponId coupon = rig.coupon(user);
            HoldId hold = rig.hold(user, "o1", coupon);
            Set<String> won = ConcurrentHashMap.newKeySet();
            Parallel.run(3, i -> {
                switch (i) {
                    case 0 -> wonUnlessRefused(won, "confirm", () -> first.confirm(hold));
                    case 1 -> wonUnlessRefused(won, "second hold", () -> second.hold(user, "o2", coupon));
                    default -> wonUnlessRefused(won, "release", () -> rig.release(hold));
                }
            });
            // A release that came first let the second hold in: then that is the one that has it.
            assertThat(won).isNotEmpty();
            assertThat(won.contains("confirm") && won.size() > 1).as("%s", won).isFalse();
            String status = second.status(coupon);
            String has = won.contains("confirm") ? "USED" : won.contains("second hold") ? "HELD" : "AVAILABLE";
            assertThat(status).as("%s", won).isEqualTo(has);
            assertThat(rig.number(
                            coupon.slot(),
                            "SELECT COUNT(*) FROM {coupon_redemption} WHERE coupon_id = ?",
                            coupon.number()))
                    .isEqualTo(won.contains("confirm") ? 1 : 0);
            winners.addAll(won);
        }
        assertThat(winners).containsAll(both);
    }

    private static void wonUnlessRefused(Set<String> won, String who, Runnable act) {
        Optional<Reason> refused = refusal(act);
        if (refused.isEmpty()) {
            won.add(who);
        } else {
            assertThat(refused.get())
                    .as("%s", who)
                    .isIn(Reason.HOLD_EXPIRED, Reason.HOLD_NOT_OWNER, Reason.COUPON_HELD, Reason.COUPON_ALREADY_USED);
        }
    }

    private static int uses(int threads, Set<String> planted) {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        UseRig racing = rig.through(side.roomsWith(clock, meeting(threads, Duration.ofSeconds(2), planted)));
        AtomicInteger used = new AtomicInteger();
        Parallel.run(threads, i -> {
            Optional<Reason> refused = refusal(() -> racing.redeem(user, "o" + i, coupon));
            if (refused.isEmpty()) {
                used.incrementAndGet();
            } else {
                assertThat(refused).contains(Reason.COUPON_ALREADY_USED);
            }
        });
        assertThat(rig.number(
                        coupon.slot(), "SELECT COUNT(*) FROM {coupon_redemption} WHERE coupon_id = ?", coupon.number()))
                .isEqualTo(used.get());
        return used.get();
    }

    @Test
    void allHavingReadItAsFreeOneUsesTheCoupon() {
        assertThat(uses(8, Set.of())).isEqualTo(1);
    }

    /** The twin without the condition in the UPDATE: it must fail, or the test above shows nothing. */
    @Test
    void withoutTheConditionSeveralWouldUseIt() {
        assertThat(uses(8, Set.of("use.noPredicate"))).isGreaterThan(1);
    }

    @Test
    void ofSixtyFourUsesOneIsDone() {
        long user = rig.user();
        CouponId coupon = rig.coupon(user);
        HoldId hold = rig.hold(user, "held", coupon);
        AtomicInteger used = new AtomicInteger();
        Parallel.run(64, i -> {
            Optional<Reason> refused = refusal(() -> {
                if (i % 4 == 0) {
                    rig.confirm(hold);
                } else {
                    rig.redeem(user, "o" + i, coupon);
                }
            });
            if (refused.isEmpty()) {
                used.incrementAndGet();
            } else {
                assertThat(refused.get()).isIn(Reason.COUPON_HELD, Reason.COUPON_ALREADY_USED);
            }
        });
        assertThat(used).hasValue(1);
        assertThat(rig.number(
                        coupon.slot(),
                        "SELECT COUNT(*) FROM {coupon_redemption} WHERE coupon_id = ? AND order_no = 'held'",
                        coupon.number()))
                .isEqualTo(1);
    }

    /** Each of the two is right when it is alone. */
    @Test
    void ofTwoRequestsForOneOrderNoLineAndNoFreightIsSparedTwice() {
        long listed = side.mall().template(1000, 0, Map.of("min_point", "0.00", "amount", "8.00"));
        // The next one copies all of the mall's again.
        long freight = side.mall().template(1000, 0, Map.of("min_point", "0.00", "amount", "8.00"));
        side.mall().execute(DatabaseId.META, "UPDATE coupon_template SET scope = 2 WHERE template_id = ?", listed);
        side.mall().execute(DatabaseId.META, "INSERT INTO template_product VALUES (?, ?, 'SN-A', 2)", listed, listed);
        side.mall()
                .execute(
                        DatabaseId.META,
                        "UPDATE coupon_template SET kind = 2, discount_type = 3 WHERE template_id = ?",
                        freight);
        Cart cart = Cart.of(List.of(
                new OrderLine(new Product(null, "SN-A", null), 1, 1000, 500),
                new OrderLine(new Product(null, "SN-B", null), 1, 1000, 500)));
        for (long template : List.of(listed, freight)) {
            for (int round = 0; round < 4; round++) {
                long user = rig.user();
                List<CouponId> coupons = List.of(rig.coupon(user, template), rig.coupon(user, template));
                AtomicInteger used = new AtomicInteger();
                Parallel.run(2, i -> {
                    Optional<Reason> refused = refusal(() -> rig.redeem(user, "twice", coupons.get(i), cart));
                    if (refused.isEmpty()) {
                        used.incrementAndGet();
                    } else {
                        assertThat(refused).contains(Reason.STACKING_CONFLICT);
                    }
                });
                assertThat(used).as("template %s, round %s", template, round).hasValue(1);
            }
        }
        // What goes together still does, one after the other.
        long user = rig.user();
        rig.redeem(user, "both", rig.coupon(user, listed), cart);
        rig.redeem(user, "both", rig.coupon(user, freight), cart);
    }

    @Test
    void twoRequestsForOneOrderKeepItsRulesTogether() {
        long template = side.mall().template(1000, 0);
        side.mall()
                .execute(
                        DatabaseId.META,
                        "UPDATE coupon_template SET stack_group = 'autumn' WHERE template_id = ?",
                        template);
        for (int round = 0; round < 6; round++) {
            long user = rig.user();
            CouponId one = rig.coupon(user, template);
            CouponId other = rig.coupon(user, template);
            AtomicInteger used = new AtomicInteger();
            Parallel.run(2, i -> {
                Optional<Reason> refused = refusal(() -> rig.redeem(user, "same", i == 0 ? one : other));
                if (refused.isEmpty()) {
                    used.incrementAndGet();
                } else {
                    assertThat(refused).contains(Reason.STACKING_CONFLICT);
                }
            });
            assertThat(used).hasValue(1);
        }
        long user = rig.user();
        Cart cheap = Cart.of(OptionalLong.of(700));
        long free = side.mall().template(1000, 0, Map.of("min_point", "0.00"));
        rig.redeem(user, "cheap", rig.coupon(user, free), cheap);
        CouponId second = rig.coupon(user, free);
        assertThat(refusal(() -> rig.redeem(user, "cheap", second, cheap))).contains(Reason.STACKING_CONFLICT);
        rig.redeem(user, "dear", second, Cart.of(OptionalLong.of(7000)));
    }

    private static long grouped() {
        long template = side.mall().template(1000, 0);
        side.mall()
                .execute(
                        DatabaseId.META,
                        "UPDATE coupon_template SET stack_group = 'winter' WHERE template_id = ?",
                        template);
        return template;
    }

    @Test
    void aHoldGoesWithWhatItsOrderHoldsAndHasUsed() {
        long template = grouped();
        long user = rig.user();
        CouponId one = rig.coupon(user, template);
        CouponId other = rig.coupon(user, template);
        HoldId hold = rig.hold(user, "o1", one);
        assertThat(refusal(() -> rig.hold(user, "o1", other))).contains(Reason.STACKING_CONFLICT);
        assertThat(refusal(() -> rig.redeem(user, "o1", other))).contains(Reason.STACKING_CONFLICT);
        assertThat(rig.status(other)).isEqualTo("AVAILABLE");
        rig.release(rig.hold(user, "o2", other));
        rig.confirm(hold);
        assertThat(refusal(() -> rig.hold(user, "o1", other))).contains(Reason.STACKING_CONFLICT);
        assertThat(refusal(() -> rig.redeem(user, "o1", other))).contains(Reason.STACKING_CONFLICT);

        // What was let go, and what is over, stands in nobody's way.
        long second = rig.user();
        CouponId first = rig.coupon(second, template);
        CouponId next = rig.coupon(second, template);
        CouponId last = rig.coupon(second, template);
        rig.release(rig.hold(second, "o1", first));
        rig.hold(second, "o1", next);
        clock.forward(UseRig.TTL);
        rig.confirm(rig.hold(second, "o1", last));
    }

    @Test
    void whatAnOrderHoldsIsPartOfWhatItIsSpared() {
        long free = side.mall().template(1000, 0, Map.of("min_point", "0.00", "amount", "8.00"));
        Cart cheap = Cart.of(OptionalLong.of(1500));
        Cart lines = Cart.of(List.of(
                new OrderLine(new Product(null, "SN-A", null), 1, 800, 0),
                new OrderLine(new Product(null, "SN-B", null), 1, 700, 0)));
        for (Cart cart : List.of(cheap, lines)) {
            long user = rig.user();
            List<CouponId> coupons = List.of(rig.coupon(user, free), rig.coupon(user, free));
            HoldId hold = rig.hold(user, "o", cart, coupons.get(0));
            assertThat(refusal(() -> rig.hold(user, "o", cart, coupons.get(1)))).contains(Reason.STACKING_CONFLICT);
            assertThat(refusal(() -> rig.redeem(user, "o", coupons.get(1), cart)))
                    .contains(Reason.STACKING_CONFLICT);
            rig.release(hold);
            rig.redeem(user, "o", coupons.get(1), cart);
            assertThat(refusal(() -> rig.hold(user, "o", cart, coupons.get(0)))).contains(Reason.STACKING_CONFLICT);
        }
        // A line is spared once, though the order costs more than both.
        long listed = side.mall().template(1000, 0, Map.of("min_point", "0.00", "amount", "8.00"));
        side.mall().execute(DatabaseId.META, "UPDATE coupon_template SET scope = 2 WHERE template_id = ?", listed);
        side.mall().execute(DatabaseId.META, "INSERT INTO template_product VALUES (?, ?, 'SN-A', 2)", listed, listed);
        Cart dear = Cart.of(List.of(
                new OrderLine(new Product(null, "SN-A", null), 1, 1000, 0),
                new OrderLine(new Product(null, "SN-B", null), 1, 70_000, 0)));
        long user = rig.user();
        HoldId hold = rig.hold(user, "o", dear, rig.coupon(user, listed));
        CouponId again = rig.coupon(user, listed);
        assertThat(refusal(() -> rig.hold(user, "o", dear, again))).contains(Reason.STACKING_CONFLICT);
        assertThat(refusal(() -> rig.redeem(user, "o", again, dear))).contains(Reason.STACKING_CONFLICT);
        rig.hold(user, "o", dear, rig.coupon(user, free));
        rig.confirm(hold);
    }

    @Test
    void ofTwoRequestsForOneOrderAtOnceThatDoNotGoTogetherOneIsRefused() {
        assertThat(bothAtOnce(Set.of())).isZero();
    }

    @Test
    void readWithoutWaitingForEachOtherBothWouldBeGranted() {
        assertThat(bothAtOnce(Set.of("order.readsUnlocked"))).isPositive();
    }

    /** How often two holds, or a hold and a use, of one order were granted that do not go together. */
    private static int bothAtOnce(Set<String> planted) {
        long template = grouped();
        int both = 0;
        for (int round = 0; round < 8; round++) {
            UseRig racing = rig.through(
                    side.roomsWith(clock, meeting(Failpoint.USE_WRITTEN, 2, Duration.ofSeconds(2), planted)));
            long user = rig.user();
            List<CouponId> coupons = List.of(rig.coupon(user, template), rig.coupon(user, template));
            boolean holds = round % 2 == 0;
            AtomicInteger granted = new AtomicInteger();
            Parallel.run(2, i -> {
                Optional<Reason> refused = refusal(() -> {
                    if (holds || i == 0) {
                        racing.hold(user, "o", coupons.get(i));
                    } else {
                        racing.redeem(user, "o", coupons.get(i));
                    }
                });
                if (refused.isEmpty()) {
                    granted.incrementAndGet();
                } else {
                    assertThat(refused).contains(Reason.STACKING_CONFLICT);
                }
            });
            assertThat(granted).hasPositiveValue();
            both += granted.get() == 2 ? 1 : 0;
        }
        return both;
    }
}
