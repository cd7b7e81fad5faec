package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.code.CodeBatches;
import dev.cutover.coupon.code.CodeKeys;
import dev.cutover.coupon.code.Codes;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.IssuanceId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.issuance.Audience;
import dev.cutover.coupon.issuance.IssuanceOrder;
import dev.cutover.coupon.issuance.IssuanceState;
import dev.cutover.coupon.issuance.IssuanceWorker;
import dev.cutover.coupon.issuance.Issuances;
import dev.cutover.coupon.issuance.MessageCentre;
import dev.cutover.coupon.issuance.Tunables;
import dev.cutover.coupon.meta.EpochMovedException;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.store.MigrationFenceException;
import dev.cutover.coupon.store.UnknownOutcomeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;

/**
 * All commands of coupons at random, from many threads, and what each was answered: whoever asks again is told the same. What the stage of
 * a migration does not admit counts as refused; what a switch cut short is asked again under its key, as a client does. Safe for many
 * threads.
 */
public final class CouponStorm {
    private static final Duration TTL = Duration.ofMinutes(10);
    private static final CodeKeys KEYS = CodeKeys.of(Map.of("storm", new byte[32]));
    private static final int MOST_ATTEMPTS = 500;
    // A storm that only waits for its event must leave the machine to it.
    private static final Duration PACE = Duration.ofMillis(20);

    private final SmallMall mall;
    private final CouponRooms rooms;
    private final List<Long> templates;
    private final List<Long> users;
    private final Codes codes;
    private final CodeBatches batches;
    private final Issuances issuances;
    private final IssuanceWorker issuer;
    private final ConcurrentLinkedQueue<Owned<CouponId>> coupons = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Owned<HoldId>> holds = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<RedemptionId> uses = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> unusedCodes = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Done> done = new ConcurrentLinkedQueue<>();
    private final Map<Long, Integer> refusedForWantOfStock = new ConcurrentHashMap<>();
    private final AtomicInteger keys = new AtomicInteger();
    private final AtomicInteger askedAgain = new AtomicInteger();
    private final AtomicInteger refusedByTheStage = new AtomicInteger();
    private final AtomicInteger refusedForWantOfMoney = new AtomicInteger();

    private record Owned<T>(long user, T thing) {}

    private record Done(String what, Supplier<Answer> command, Answer answer) {}

    /** @param templates that there are on both sides, at least two */
    public CouponStorm(SideUnderTest side, List<Long> templates) {
        this(side.mall(), side.rooms(), templates);
    }

    CouponStorm(SmallMall mall, CouponRooms rooms, List<Long> templates) {
        this.mall = mall;
        this.rooms = rooms;
        this.templates = List.copyOf(templates);
        this.users = LongStream.generate(mall::user).limit(6).boxed().toList();
        this.codes = new Codes(rooms.coding(), KEYS, Duration.ofSeconds(10), Failpoints.NONE);
        this.batches = new CodeBatches(rooms.coding(), KEYS);
        this.issuances = new Issuances(rooms.issuing(), MessageCentre.NONE, 50, Failpoints.NONE);
        this.issuer = issuances.worker(IssuanceWorker.Options.of("storm"));
    }

    /** So many threads, each with so many commands of its own. */
    public void blow(int threads, int each) {
        int before = acts();
        Parallel.run(threads, thread -> {
            Random random = new Random(thread);
            for (int n = 0; n < each; n++) {
                act(random);
            }
        });
        assertThat(acts() - before).isGreaterThan(threads * each / 4);
    }

    /** Blows from before {@code event} until so many commands a thread after it. */
    public void blowThrough(int threads, int after, Runnable event) {
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger begun = new AtomicInteger();
        Parallel.run(threads + 2, thread -> {
            if (thread == threads) {
                tendUntil(over);
            } else if (thread > threads) {
                try {
                    Awaitility.await().until(() -> begun.get() >= threads * 4);
                    event.run();
                } finally {
                    over.set(true);
                }
            } else {
                Random random = new Random(begun.get() * 100L + thread);
                while (!over.get()) {
                    act(random);
                    begun.incrementAndGet();
                    LockSupport.parkNanos(PACE.toNanos());
                }
                for (int n = 0; n < after; n++) {
                    act(random);
                }
            }
        });
    }

    /** What a service does by itself. */
    private void tendUntil(AtomicBoolean over) {
        while (!over.get()) {
            tend();
            LockSupport.parkNanos(PACE.toNanos());
        }
    }

    private void tend() {
        rooms.tidy();
        codes.tidy();
        rooms.statistics().tick();
        issuer.tick();
    }

    /** Ends whatever goes on by itself. */
    public void settle() {
        tend();
    }

    public int acts() {
        return done.size();
    }

    /** How often a command was cut short and asked again. */
    public int askedAgain() {
        return askedAgain.get();
    }

    /** How often a stage of the migration did not admit what the other side does. */
    public int refusedByTheStage() {
        return refusedByTheStage.get();
    }

    /** Codes of the mall, which can be exchanged as long as OLD holds the truth. */
    public void codesOfTheMall(int count) {
        for (int i = 0; i < count; i++) {
            String code = "MALL-" + keys.incrementAndGet();
            mall.execute(
                    DatabaseId.OLD,
                    "INSERT INTO mall_coupon_code (coupon_id, code) VALUES (?, ?)",
                    templates.get(1),
                    code);
            unusedCodes.add(code);
        }
    }

    /** A batch of codes on NEW. */
    public void codes(int count) {
        long batch = batches.order(
                        "storm-" + keys.incrementAndGet(), new TemplateId(templates.get(1)), count, 16, "storm")
                .batch()
                .id();
        batches.tick();
        unusedCodes.clear();
        String.join("", batches.export(batch, "storm", "").parts())
                .lines()
                .skip(1)
                .forEach(unusedCodes::add);
    }

    /** The back office sends a coupon to the users of the storm and to as many others; goes on while it blows. */
    public IssuanceId issuance(int others) {
        long[] audience = LongStream.concat(
                        users.stream().mapToLong(Long::longValue),
                        LongStream.generate(mall::user).limit(others))
                .toArray();
        return issuances
                .order(new IssuanceOrder(
                        "storm-" + keys.incrementAndGet(),
                        new TemplateId(templates.get(1)),
                        Optional.of(Audience.of(audience)),
                        new Tunables(20, 25, 10, 0),
                        "storm"))
                .progress()
                .task()
                .id();
    }

    /** Fails unless everybody of the issuance has been given one. */
    public void everybodyWasIssued(IssuanceId id) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
            tend();
            return issuances.progress(id).task().state() == IssuanceState.DONE;
        });
        Issuances.Progress progress = issuances.progress(id);
        assertThat(progress.task().issued()).isEqualTo(progress.task().named());
    }

    /** Asks so many of all that was answered once more, on whatever side. */
    public void everybodyIsToldTheSameAgain(int most) {
        List<Done> all = new ArrayList<>(done);
        Collections.shuffle(all, new Random(all.size()));
        ConcurrentLinkedQueue<Done> asked = new ConcurrentLinkedQueue<>(all.subList(0, Math.min(most, all.size())));
        Parallel.run(8, thread -> {
            for (Done one = asked.poll(); one != null; one = asked.poll()) {
                assertThat(one.command().get())
                        .as(one.what())
                        .isEqualTo(new Answer(one.answer().json(), true));
            }
        });
    }

    /** Templates of which somebody was refused a piece for want of stock: of each, what is left is less than was asked for. */
    public void whoWasRefusedStockWasRefusedRightly() {
        refusedForWantOfStock.forEach((template, quantity) -> assertThat(mall.remaining(template))
                .as("3 what is left of template %d, of which %d were refused", template, quantity)
                .isLessThan(quantity));
    }

    /** How often a budget had less left than was to be taken; money comes back, so nobody can say afterwards whether there was some. */
    public int refusedForWantOfMoney() {
        return refusedForWantOfMoney.get();
    }

    /** The templates of which stock was refused. */
    public List<Long> soldOut() {
        return List.copyOf(refusedForWantOfStock.keySet());
    }

    private void act(Random random) {
        String key = "s" + keys.incrementAndGet();
        try {
            switch (random.nextInt(20)) {
                case 0, 1, 2, 3, 4, 5, 6 -> claim(random, key);
                case 7, 8, 9, 10 -> redeem(random, key);
                case 11, 12 -> hold(random, key);
                case 13, 14 -> endHold(random, key);
                case 15, 16, 17 -> refund(random, key);
                case 18 -> recall(random, key);
                default -> exchange(key);
            }
        } catch (Refusal e) {
            assertThat(e.reason()).isNotNull();
            if (e.reason() == Reason.BUDGET_EXHAUSTED) {
                refusedForWantOfMoney.incrementAndGet();
            }
        }
    }

    private Optional<JsonNode> ask(String what, Supplier<Answer> command) {
        for (int attempt = 1; ; attempt++) {
            try {
                Answer answer = command.get();
                done.add(new Done(what, command, answer));
                return Optional.of(StoreConformance.json(answer.json()));
            } catch (MigrationFenceException e) {
                if (e.standing()) {
                    refusedByTheStage.incrementAndGet();
                    return Optional.empty();
                }
                again(attempt, e);
            } catch (UnknownOutcomeException | EpochMovedException e) {
                again(attempt, e);
            }
        }
    }

    private void again(int attempt, RuntimeException e) {
        askedAgain.incrementAndGet();
        if (attempt == MOST_ATTEMPTS) {
            throw e;
        }
        LockSupport.parkNanos(PACE.toNanos());
    }

    private void claim(Random random, String key) {
        long user = any(users, random);
        List<Claims.Wanted> wanted = new ArrayList<>();
        int first = random.nextInt(templates.size());
        for (int i = 0; i <= random.nextInt(templates.size()); i++) {
            wanted.add(new Claims.Wanted(
                    new TemplateId(templates.get((first + i) % templates.size())), 1 + random.nextInt(2)));
        }
        Claims.Mode mode = random.nextBoolean() ? Claims.Mode.ALL : Claims.Mode.PARTIAL;
        try {
            ask("claim " + key, () -> rooms.claims().claim(user, wanted, mode, key))
                    .ifPresent(answer -> answer.path("coupons")
                            .forEach(coupon -> coupons.add(new Owned<>(
                                    user,
                                    CouponId.parse(coupon.path("id").asText()).orElseThrow()))));
        } catch (Refusal e) {
            if (e.reason() == Reason.SOLD_OUT && wanted.size() == 1) {
                refusedForWantOfStock.merge(
                        wanted.get(0).template().number(), wanted.get(0).quantity(), Math::min);
            }
            throw e;
        }
    }

    private void redeem(Random random, String key) {
        Owned<CouponId> coupon = some(coupons, random);
        ask(
                        "redeem " + key,
                        () -> rooms.redemptions()
                                .redeem(coupon.user(), "so" + key, List.of(coupon.thing()), cart(), key))
                .ifPresent(this::used);
    }

    private static Cart cart() {
        return Cart.of(OptionalLong.of(10_000));
    }

    private void used(JsonNode answer) {
        answer.path("redemptions")
                .forEach(use ->
                        uses.add(RedemptionId.parse(use.path("id").asText()).orElseThrow()));
    }

    private void hold(Random random, String key) {
        Owned<CouponId> coupon = some(coupons, random);
        ask(
                        "hold " + key,
                        () -> rooms.holds().hold(coupon.user(), "sh" + key, List.of(coupon.thing()), cart(), TTL, key))
                .flatMap(answer -> HoldId.parse(answer.path("id").asText()))
                .ifPresent(hold -> holds.add(new Owned<>(coupon.user(), hold)));
    }

    private void endHold(Random random, String key) {
        Owned<HoldId> hold = some(holds, random);
        OptionalLong owner = OptionalLong.of(hold.user());
        if (random.nextBoolean()) {
            ask("confirm " + key, () -> rooms.holds().confirm(hold.thing(), owner, key))
                    .ifPresent(this::used);
        } else {
            ask("release " + key, () -> rooms.holds().release(hold.thing(), owner, key));
        }
    }

    private void refund(Random random, String key) {
        RedemptionId use = some(uses, random);
        OptionalLong part = random.nextBoolean() ? OptionalLong.empty() : OptionalLong.of(200);
        ask(
                "refund " + key,
                () -> rooms.redemptions().refund(use, OptionalLong.empty(), "sf" + key, part, List.of(), key));
    }

    private void recall(Random random, String key) {
        Owned<CouponId> coupon = some(coupons, random);
        ask("void " + key, () -> rooms.redemptions().voidCoupon(coupon.thing(), "storm", "recall", key));
    }

    /** By a user of its own: who guesses too often is kept out. */
    private void exchange(String key) {
        String code = unusedCodes.poll();
        if (code == null) {
            return;
        }
        long user = mall.user();
        ask("code " + key, () -> codes.redeem(user, "10.0.0." + user, code, key))
                .ifPresent(answer -> answer.path("coupons")
                        .forEach(coupon -> coupons.add(new Owned<>(
                                user, CouponId.parse(coupon.path("id").asText()).orElseThrow()))));
    }

    private static <T> T any(List<T> list, Random random) {
        return list.get(random.nextInt(list.size()));
    }

    private static <T> T some(ConcurrentLinkedQueue<T> queue, Random random) {
        List<T> all = List.copyOf(queue);
        if (all.isEmpty()) {
            // As if it were a stranger's.
            throw new Refusal(Reason.COUPON_NOT_FOUND, "id", "There is nothing yet.");
        }
        return any(all, random);
    }
}
