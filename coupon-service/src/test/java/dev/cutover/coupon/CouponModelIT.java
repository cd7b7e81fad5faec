package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.lock.RedisClaimLock;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.redis.RedisDoor;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.sandbox.RedisServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random histories of all commands on NEW, one after the other beside a model that says what each must answer, and by 32 threads at once;
 * after both the rows keep every invariant. With {@code CUTOVER_FAULTS=full} histories of 10,000 steps.
 */
final class CouponModelIT {
    private static final boolean FULL = "full".equals(System.getenv("CUTOVER_FAULTS"));
    private static final int STEPS = FULL ? 10_000 : 700;
    private static final Duration TTL = Duration.ofMinutes(10);
    private static final Duration VALID = Duration.ofDays(3);
    private static final long SPARED = 500;
    private static final long CAP = 1_000;
    // So long behind its end nobody tidies a hold.
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final Operator OPERATOR = new Operator("model");

    private SideUnderTest side;

    @BeforeEach
    void open() {
        side = SideUnderTest.open(Side.NEW);
    }

    @AfterEach
    void close() {
        side.close();
    }

    static List<Long> seeds() {
        return FULL ? List.of(1L, 2L, 3L, 4L, 5L) : List.of(20_261_122L);
    }

    private enum State {
        FREE,
        USED,
        VOIDED,
        EXPIRED
    }

    private static final class Template {
        final long id;
        final int limit;
        final boolean returns;
        // Null for unlimited.
        @Nullable
        Long left;

        // What its coupons may still take off, null for without end.
        @Nullable
        Long money;

        boolean paused;

        Template(long id, int limit, @Nullable Long left, boolean returns) {
            this.id = id;
            this.limit = limit;
            this.left = left;
            this.returns = returns;
        }
    }

    private static final class Coupon {
        final CouponId id;
        final long user;
        final Template template;
        final long validTo;
        State state = State.FREE;

        @Nullable
        Hold hold;

        int round;

        Coupon(CouponId id, long user, Template template, long validTo) {
            this.id = id;
            this.user = user;
            this.template = template;
            this.validTo = validTo;
        }
    }

    private static final class Hold {
        final HoldId id;
        final Coupon coupon;
        final long until;
        String end = "";
        boolean swept;

        Hold(HoldId id, Coupon coupon, long until) {
            this.id = id;
            this.coupon = coupon;
            this.until = until;
        }
    }

    private static final class Use {
        final RedemptionId id;
        final Coupon coupon;
        long left = SPARED;
        boolean refunded;

        Use(RedemptionId id, Coupon coupon) {
            this.id = id;
            this.coupon = coupon;
        }
    }

    /**
     * What a command has to do: an answer, or a refusal.
     *
     * @param other as true as the first; which of the two is told depends on what the instance remembers
     */
    private record Expected(
            @Nullable Reason refusal, @Nullable Reason other) {
        static final Expected DONE = new Expected(null);

        Expected(@Nullable Reason refusal) {
            this(refusal, refusal);
        }
    }

    /** A command that was answered, to be asked again. */
    private record Done(String what, Supplier<Answer> command, String answer) {}

    private final class History {
        final Random random;
        final MovableClock clock = new MovableClock();
        final CouponRooms rooms = side.roomsWith(clock, Failpoints.NONE);
        final List<Long> users = new ArrayList<>();
        final List<Template> templates = new ArrayList<>();
        final List<Coupon> coupons = new ArrayList<>();
        final List<Hold> holds = new ArrayList<>();
        final List<Use> uses = new ArrayList<>();
        final List<Done> done = new ArrayList<>();
        final Map<Reason, Integer> refused = new HashMap<>();
        int keys;

        History(long seed) {
            random = new Random(seed);
            for (int i = 0; i < 12; i++) {
                users.add(side.mall().user());
            }
            templates.add(new Template(side.mall().template(60, 3), 3, 60L, true));
            templates.add(new Template(side.mall().template(-1, 0), 0, null, true));
            templates.add(new Template(side.mall().template(400, 0), 0, 400L, true));
            Template capped = new Template(side.mall().budgeted(CAP), 0, null, true);
            capped.money = CAP;
            // The last one made: each new one copies all others again.
            Template kept = new Template(side.mall().template(-1, 8), 8, null, false);
            side.mall()
                    .execute(
                            DatabaseId.META,
                            "UPDATE coupon_template SET refund_policy = 4 WHERE template_id = ?",
                            kept.id);
            templates.add(kept);
            templates.add(capped);
        }

        long now() {
            return clock.instant().toEpochMilli();
        }

        <T> T any(List<T> list) {
            return list.get(random.nextInt(list.size()));
        }

        String key() {
            return "k" + keys++;
        }

        /** Asks, compares with what the model says, and gives the answer, if there is one. */
        Optional<JsonNode> ask(String what, Expected expected, Supplier<Answer> command) {
            try {
                Answer answer = command.get();
                assertThat(expected.refusal())
                        .as("%s was answered %s", what, answer.json())
                        .isNull();
                assertThat(answer.replayed()).as(what).isFalse();
                done.add(new Done(what, command, answer.json()));
                return Optional.of(StoreConformance.json(answer.json()));
            } catch (Refusal e) {
                assertThat(e.reason()).as("%s: %s", what, e.getMessage()).isIn(expected.refusal(), expected.other());
                refused.merge(e.reason(), 1, Integer::sum);
                return Optional.empty();
            }
        }

        void step() {
            int dice = random.nextInt(100);
            if (dice < 30 || coupons.isEmpty()) {
                claim();
            } else if (dice < 50) {
                redeem();
            } else if (dice < 62) {
                hold();
            } else if (dice < 72) {
                endHold();
            } else if (dice < 84) {
                refund();
            } else if (dice < 87) {
                recall();
            } else if (dice < 90) {
                pauseOrResume();
            } else if (dice < 93) {
                adjust();
            } else if (dice < 97) {
                again();
            } else {
                clock.forward(random.nextInt(4) == 0 ? Duration.ofHours(20) : TTL.plusSeconds(1));
                sweep();
            }
        }

        /** Whose time is over has its coupon no more, but its money until somebody tidies. */
        void sweep() {
            rooms.holdSweeper().tick();
            for (Hold hold : holds) {
                if (hold.end.isEmpty() && !hold.swept && hold.until <= now() - GRACE.toMillis()) {
                    hold.swept = true;
                    moved(hold.coupon, SPARED);
                }
            }
        }

        void moved(Coupon coupon, long money) {
            if (coupon.template.money != null) {
                coupon.template.money += money;
            }
        }

        Expected mayClaim(long user, Template template, int quantity) {
            if (template.paused) {
                return new Expected(Reason.TEMPLATE_PAUSED);
            }
            long had = coupons.stream()
                    .filter(coupon -> coupon.user == user && coupon.template == template)
                    .count();
            boolean soldOut = template.left != null && template.left < quantity;
            if (template.limit > 0 && had + quantity > template.limit) {
                return new Expected(
                        Reason.PER_USER_LIMIT_REACHED, soldOut ? Reason.SOLD_OUT : Reason.PER_USER_LIMIT_REACHED);
            }
            return soldOut ? new Expected(Reason.SOLD_OUT) : Expected.DONE;
        }

        void claim() {
            long user = any(users);
            List<Template> wanted = random.nextBoolean()
                    ? List.of(any(templates))
                    : List.of(templates.get(random.nextInt(2)), templates.get(2 + random.nextInt(3)));
            int quantity = 1 + random.nextInt(2);
            Claims.Mode mode = random.nextBoolean() ? Claims.Mode.ALL : Claims.Mode.PARTIAL;
            List<Template> granted = new ArrayList<>();
            Expected first = Expected.DONE;
            for (Template template : wanted) {
                Expected one = mayClaim(user, template, quantity);
                if (one.refusal() == null) {
                    granted.add(template);
                } else if (first.refusal() == null) {
                    first = one;
                }
            }
            boolean all = granted.size() == wanted.size();
            Expected expected = all || mode == Claims.Mode.PARTIAL && !granted.isEmpty() ? Expected.DONE : first;
            // Which of two refusals is told first is not what this is about.
            if (expected.refusal() != null && wanted.size() > 1 && granted.isEmpty()) {
                return;
            }
            String key = key();
            ask(
                            "claim " + key,
                            expected,
                            () -> rooms.claims()
                                    .claim(
                                            user,
                                            wanted.stream()
                                                    .map(template ->
                                                            new Claims.Wanted(new TemplateId(template.id), quantity))
                                                    .toList(),
                                            mode,
                                            key))
                    .ifPresent(answer -> claimed(answer, user, granted, quantity));
        }

        private void claimed(JsonNode answer, long user, List<Template> granted, int quantity) {
            assertThat(answer.path("coupons")).hasSize(granted.size() * quantity);
            for (JsonNode one : answer.path("coupons")) {
                Template template = granted.stream()
                        .filter(each -> one.path("template_id").asText().equals("tpl_" + each.id))
                        .findFirst()
                        .orElseThrow();
                coupons.add(new Coupon(
                        CouponId.parse(one.path("id").asText()).orElseThrow(),
                        user,
                        template,
                        now() + VALID.toMillis()));
                if (template.left != null) {
                    template.left--;
                }
            }
        }

        Expected mayUse(Coupon coupon, long user) {
            if (coupon.user != user) {
                return new Expected(Reason.COUPON_NOT_FOUND);
            }
            return switch (coupon.state) {
                case USED -> new Expected(Reason.COUPON_ALREADY_USED);
                case VOIDED -> new Expected(Reason.COUPON_VOIDED);
                case EXPIRED -> new Expected(Reason.COUPON_EXPIRED);
                case FREE -> {
                    if (heldNow(coupon)) {
                        yield new Expected(Reason.COUPON_HELD);
                    }
                    yield coupon.validTo <= now() ? new Expected(Reason.COUPON_EXPIRED) : Expected.DONE;
                }
            };
        }

        /** May be used, and somebody pays for it. */
        Expected mayDraw(Coupon coupon, long user) {
            Expected expected = mayUse(coupon, user);
            Long money = coupon.template.money;
            return expected.refusal() == null && money != null && money < SPARED
                    ? new Expected(Reason.BUDGET_EXHAUSTED)
                    : expected;
        }

        boolean heldNow(Coupon coupon) {
            return coupon.hold != null && coupon.hold.end.isEmpty() && coupon.hold.until > now();
        }

        void redeem() {
            Coupon coupon = any(coupons);
            long user = random.nextInt(20) == 0 ? any(users) : coupon.user;
            String key = key();
            ask(
                            "redeem " + key,
                            mayDraw(coupon, user),
                            () -> rooms.redemptions()
                                    .redeem(user, "o" + key, List.of(coupon.id), Cart.of(OptionalLong.of(10_000)), key))
                    .ifPresent(answer -> {
                        used(answer, coupon);
                        moved(coupon, -SPARED);
                    });
        }

        private void used(JsonNode answer, Coupon coupon) {
            JsonNode redemption = answer.path("redemptions").get(0);
            coupon.state = State.USED;
            coupon.hold = null;
            uses.add(new Use(RedemptionId.parse(redemption.path("id").asText()).orElseThrow(), coupon));
        }

        void hold() {
            Coupon coupon = any(coupons);
            String key = key();
            ask(
                            "hold " + key,
                            mayDraw(coupon, coupon.user),
                            () -> rooms.holds()
                                    .hold(
                                            coupon.user,
                                            "h" + key,
                                            List.of(coupon.id),
                                            Cart.of(OptionalLong.of(10_000)),
                                            TTL,
                                            key))
                    .ifPresent(answer -> {
                        coupon.hold = new Hold(
                                HoldId.parse(answer.path("id").asText()).orElseThrow(), coupon, now() + TTL.toMillis());
                        holds.add(coupon.hold);
                        moved(coupon, -SPARED);
                    });
        }

        void endHold() {
            if (holds.isEmpty()) {
                return;
            }
            Hold hold = holds.get(Math.max(0, holds.size() - 1 - random.nextInt(6)));
            boolean confirms = random.nextBoolean();
            Expected expected;
            if (hold.end.equals("confirmed")) {
                expected = new Expected(Reason.COUPON_ALREADY_USED);
            } else if (hold.end.equals("released")) {
                expected = new Expected(Reason.HOLD_NOT_OWNER);
            } else {
                expected = hold.until <= now() ? new Expected(Reason.HOLD_EXPIRED) : Expected.DONE;
            }
            String key = key();
            // Whoever sweeps forgets a hold after 30 days; whose it was is then told by those who ask again.
            OptionalLong owner = OptionalLong.of(hold.coupon.user);
            if (confirms) {
                ask("confirm " + key, expected, () -> rooms.holds().confirm(hold.id, owner, key))
                        .ifPresent(answer -> {
                            hold.end = "confirmed";
                            used(answer, hold.coupon);
                        });
            } else {
                ask("release " + key, expected, () -> rooms.holds().release(hold.id, owner, key))
                        .ifPresent(answer -> {
                            hold.end = "released";
                            hold.coupon.hold = null;
                            moved(hold.coupon, SPARED);
                        });
            }
        }

        void refund() {
            if (uses.isEmpty()) {
                return;
            }
            Use use = uses.get(Math.max(0, uses.size() - 1 - random.nextInt(10)));
            OptionalLong part = random.nextBoolean() ? OptionalLong.empty() : OptionalLong.of(1 + random.nextInt(400));
            Expected expected = Expected.DONE;
            if (use.refunded) {
                expected = new Expected(Reason.ALREADY_REFUNDED);
            } else if (part.orElse(0) > use.left) {
                expected = new Expected(Reason.REFUND_EXCEEDS_REDEEMED);
            }
            String key = key();
            ask(
                            "refund " + key,
                            expected,
                            () -> rooms.redemptions()
                                    .refund(use.id, OptionalLong.empty(), "f" + key, part, List.of(), key))
                    .ifPresent(answer -> {
                        moved(use.coupon, part.orElse(use.left));
                        use.left -= part.orElse(use.left);
                        if (use.left == 0) {
                            use.refunded = true;
                            if (use.coupon.template.returns) {
                                use.coupon.state = use.coupon.validTo > now() ? State.FREE : State.EXPIRED;
                                use.coupon.round++;
                            }
                        }
                    });
        }

        void recall() {
            Coupon coupon = any(coupons);
            String key = key();
            ask(
                            "void " + key,
                            mayUse(coupon, coupon.user),
                            () -> rooms.redemptions().voidCoupon(coupon.id, "model", "recall", key))
                    .ifPresent(answer -> {
                        coupon.state = State.VOIDED;
                        coupon.hold = null;
                    });
        }

        void pauseOrResume() {
            Template template = any(templates);
            if (template.paused) {
                rooms.backOffice().templates().resume(new TemplateId(template.id), OPERATOR);
            } else if (random.nextBoolean()) {
                rooms.backOffice().templates().pause(new TemplateId(template.id), OPERATOR);
            } else {
                return;
            }
            template.paused = !template.paused;
        }

        void adjust() {
            if (random.nextInt(3) == 0) {
                adjustBudget(templates.get(templates.size() - 1));
                return;
            }
            Template template = templates.get(random.nextBoolean() ? 0 : 2);
            long left = java.util.Objects.requireNonNull(template.left);
            long delta = random.nextInt(40) - 20;
            if (delta == 0) {
                return;
            }
            String number = key();
            try {
                rooms.backOffice().adjustments().adjust(new TemplateId(template.id), number, delta, OPERATOR);
                assertThat(left + delta).as("adjustment %s", number).isNotNegative();
                template.left = left + delta;
            } catch (Refusal e) {
                assertThat(e.reason()).isEqualTo(Reason.STOCK_BELOW_ISSUED);
                assertThat(left + delta).as("adjustment %s", number).isNegative();
            }
        }

        private void adjustBudget(Template template) {
            long left = java.util.Objects.requireNonNull(template.money);
            long delta = random.nextInt(2_000) - 999;
            if (delta == 0) {
                return;
            }
            StockId budget = StockId.budget(new TemplateId(template.id));
            try {
                rooms.backOffice().adjustments().adjust(budget, key(), delta, OPERATOR);
                assertThat(left + delta).isNotNegative();
                template.money = left + delta;
            } catch (Refusal e) {
                assertThat(e.reason()).isEqualTo(Reason.BUDGET_EXHAUSTED);
                assertThat(left + delta).isNegative();
            }
        }

        /** Whatever came after: the same key, the same answer. */
        void again() {
            if (done.isEmpty()) {
                return;
            }
            Done one = any(done);
            assertThat(one.command().get()).as(one.what()).isEqualTo(new Answer(one.answer(), true));
        }

        private void budgetIsShownAsTheModelSays(Template template) {
            JsonNode shown =
                    rooms.backOffice().levels().of(new TemplateId(template.id)).path("budget");
            long held = holds.stream()
                            .filter(hold -> hold.coupon.template == template && hold.end.isEmpty() && !hold.swept)
                            .count()
                    * SPARED;
            long spent = uses.stream()
                    .filter(use -> use.coupon.template == template)
                    .mapToLong(use -> use.left)
                    .sum();
            assertThat(shown.path("left_minor").asLong()).isEqualTo(template.money);
            assertThat(shown.path("held_minor").asLong()).isEqualTo(held);
            assertThat(shown.path("spent_minor").asLong()).isEqualTo(spent);
            assertThat(shown.path("amount_minor").asLong())
                    .isEqualTo(spent + held + java.util.Objects.requireNonNull(template.money));
        }

        void rowsAreWhatTheModelSays() {
            for (Coupon coupon : coupons) {
                int slot = coupon.id.slot();
                String row = "FROM " + side.mall().plan.layout().physicalTable("user_coupon", slot)
                        + " WHERE coupon_id = " + coupon.id.number();
                DatabaseId database = DatabaseId.shard(side.mall().plan.layout().databaseOf(slot));
                int status = switch (coupon.state) {
                    case FREE -> 1;
                    case USED -> 3;
                    case EXPIRED -> 4;
                    case VOIDED -> 5;
                };
                assertThat(side.mall().number(database, "SELECT status " + row))
                        .as("%s", coupon.id)
                        .isEqualTo(status);
                assertThat(side.mall().number(database, "SELECT use_round " + row))
                        .as("%s", coupon.id)
                        .isEqualTo(coupon.round);
            }
            for (Template template : templates) {
                if (template.left != null) {
                    assertThat(side.mall().remaining(template.id)).isEqualTo(template.left);
                }
                if (template.money != null) {
                    assertThat(side.mall().left(template.id)).isEqualTo(template.money);
                    budgetIsShownAsTheModelSays(template);
                }
            }
        }
    }

    private void everythingHolds(CouponRooms rooms) {
        rooms.tidy();
        assertThat(CouponInvariants.violated(side.mall())).isEmpty();
        rooms.statistics().tick();
        assertThat(rooms.statistics().recount()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyCommandOfALongHistoryAnswersWhatTheModelSays(long seed) {
        History history = new History(seed);
        for (int step = 0; step < STEPS; step++) {
            history.step();
        }
        history.rowsAreWhatTheModelSays();
        // A history in which hardly anything is refused has not been anywhere.
        assertThat(history.refused).hasSizeGreaterThan(8).containsKey(Reason.BUDGET_EXHAUSTED);
        everythingHolds(history.rooms);
    }

    @Test
    void aStormOfAllCommandsKeepsEveryInvariant() {
        CouponStorm storm = storm(side.rooms());
        everythingHolds(side.rooms());
        assertThat(storm.soldOut()).isNotEmpty();
        assertThat(storm.refusedForWantOfMoney()).isPositive();
        storm.whoWasRefusedStockWasRefusedRightly();
        storm.everybodyIsToldTheSameAgain(FULL ? 100_000 : 400);
        everythingHolds(side.rooms());
    }

    @Test
    void aStormInWhichRedisIsFlushedAndKilledAgainAndAgainKeepsEveryInvariant() throws InterruptedException {
        ScheduledExecutorService background = Executors.newSingleThreadScheduledExecutor();
        try (RedisServer redis = RedisServer.start("storm");
                RedisDoor door = RedisDoor.open(redis.uri(), background)) {
            AtomicBoolean over = new AtomicBoolean();
            AtomicInteger disturbed = new AtomicInteger();
            Thread disturber = new Thread(
                    () -> {
                        while (!over.get()) {
                            flush(redis);
                            if (disturbed.incrementAndGet() % 20 == 0) {
                                redis.kill();
                                redis.restart();
                            }
                        }
                    },
                    "disturber");
            disturber.start();
            try {
                storm(side.roomsWith(new RedisClaimLock(door, Failpoints.NONE)));
            } finally {
                over.set(true);
                disturber.join();
            }
            assertThat(disturbed.get()).isGreaterThan(20);
            everythingHolds(side.rooms());
        } finally {
            background.shutdownNow();
        }
    }

    private static void flush(RedisServer redis) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), redis.port())) {
            socket.getOutputStream().write("FLUSHALL\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(socket.getInputStream().readNBytes(3))
                    .asString(StandardCharsets.US_ASCII)
                    .isEqualTo("+OK");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private CouponStorm storm(CouponRooms rooms) {
        CouponStorm storm = new CouponStorm(
                side.mall(),
                rooms,
                List.of(
                        side.mall().template(150, 0),
                        side.mall().template(-1, 0),
                        side.mall().template(-1, 9),
                        side.mall().budgeted(400, FULL ? 40_000 : 8_000),
                        side.mall().budgeted(FULL ? 60_000 : 12_000)));
        storm.codes(40);
        IssuanceId sent = storm.issuance(60);
        storm.blowThrough(32, 2, () -> storm.everybodyWasIssued(sent));
        storm.blow(32, FULL ? 300 : 25);
        return storm;
    }

    @Test
    void withoutTheUniqueKeyTheSameStormIsCaught() {
        for (int slot = 0; slot < SmallMall.DATABASES * SmallMall.TABLES; slot++) {
            side.mall()
                    .execute(
                            DatabaseId.shard(side.mall().plan.layout().databaseOf(slot)),
                            "ALTER TABLE " + side.mall().plan.layout().physicalTable("user_coupon", slot)
                                    + " DROP KEY uk_claim");
        }
        long template = side.mall().template(-1, 1);
        // All threads come to one user after the other, so that they meet at each.
        List<Long> users =
                IntStream.range(0, 40).mapToObj(i -> side.mall().user()).toList();
        Parallel.run(16, thread -> {
            for (long user : users) {
                try {
                    side.rooms().claims().claim(user, new TemplateId(template), 1, "b" + thread);
                } catch (Refusal e) {
                    assertThat(e.reason()).isEqualTo(Reason.PER_USER_LIMIT_REACHED);
                }
            }
        });
        assertThat(CouponInvariants.violated(side.mall()))
                .anySatisfy(violation -> assertThat(violation).startsWith("4 claims are numbered"));
    }
}
