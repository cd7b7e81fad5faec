package dev.cutover.coupon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.OrderLine;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.store.CouponFilter;
import dev.cutover.coupon.store.CouponStatus;
import dev.cutover.coupon.token.Tenant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What both stores promise, asked through the rooms that clients reach; each subclass runs it on one side. */
abstract class StoreConformance {
    static final ObjectMapper JSON = new ObjectMapper();
    private static final Cart ORDER = Cart.of(List.of(line(100_000, 5_000)));

    abstract SmallMall mall();

    abstract CouponRooms rooms();

    abstract Side side();

    private static Cart amount(long minor) {
        return Cart.of(OptionalLong.of(minor));
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    private Answer claim(long user, long template, int quantity, String key) {
        return rooms().claims().claim(user, new TemplateId(template), quantity, key);
    }

    private CouponId claimOne(long user, long template) {
        return coupons(claim(user, template, 1, key())).get(0);
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new AssertionError(text, e);
        }
    }

    private static List<CouponId> coupons(Answer answer) {
        List<CouponId> ids = new ArrayList<>();
        json(answer.json())
                .path("coupons")
                .forEach(coupon ->
                        ids.add(CouponId.parse(coupon.path("id").asText()).orElseThrow()));
        return ids;
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

    private static void refusedOrCounted(AtomicInteger counter, Reason expected, Runnable call) {
        try {
            call.run();
            counter.incrementAndGet();
        } catch (Refusal e) {
            assertThat(e.reason()).isEqualTo(expected);
        }
    }

    @Test
    void aClaimGivesDistinctCouponsThatTheListShows() {
        long user = mall().user();
        long template = mall().template(100, 10);
        List<CouponId> claimed = coupons(claim(user, template, 3, key()));
        assertThat(new HashSet<>(claimed)).hasSize(3);
        JsonNode page = rooms().wallet().page(user, 10, Optional.empty(), Optional.empty());
        assertThat(page.path("data").findValuesAsText("id"))
                .containsExactlyElementsOf(
                        claimed.stream().map(CouponId::toString).toList());
        assertThat(page.path("data").get(0).path("status").asText()).isEqualTo("AVAILABLE");
        assertThat(rooms().wallet().coupon(claimed.get(1)))
                .isEqualTo(page.path("data").get(1));
    }

    @Test
    void thePerUserLimitHoldsUnderParallelClaims() {
        for (int limit : new int[] {1, 3}) {
            long user = mall().user();
            long template = mall().template(1000, limit);
            AtomicInteger granted = new AtomicInteger();
            Parallel.run(
                    32,
                    i -> refusedOrCounted(
                            granted, Reason.PER_USER_LIMIT_REACHED, () -> claim(user, template, 1, key())));
            assertThat(granted).hasValue(limit);
            assertThat(mall().issued(side(), template)).isEqualTo(limit);
        }
    }

    @Test
    void theLimitCountsWhatTheUserHasAlready() {
        long user = mall().user();
        long template = mall().template(1000, 5);
        claim(user, template, 4, key());
        assertThat(refusal(() -> claim(user, template, 2, key()))).isEqualTo(Reason.PER_USER_LIMIT_REACHED);
        claim(user, template, 1, key());
        assertThat(refusal(() -> claim(user, template, 1, key()))).isEqualTo(Reason.PER_USER_LIMIT_REACHED);
    }

    @Test
    void stockIsIssuedToTheLastCouponAndNeverBeyond() {
        long template = mall().template(203, 0);
        AtomicInteger granted = new AtomicInteger();
        // One user's database would run dry at half of it: the rest has to come from the other one.
        List<Long> users = usersOf(0, 16);
        Parallel.run(64, i -> {
            for (int n = 0; n < 4; n++) {
                long user = users.get((i + n) % users.size());
                refusedOrCounted(granted, Reason.SOLD_OUT, () -> claim(user, template, 1, key()));
            }
        });
        assertThat(granted).hasValue(203);
        assertThat(mall().issued(side(), template)).isEqualTo(203);
        assertThat(left(template)).isZero();
    }

    @Test
    void aBatchIsAllOrNothingWhenStockIsShort() {
        long user = mall().user();
        long template = mall().template(7, 0);
        assertThat(refusal(() -> claim(user, template, 8, key()))).isEqualTo(Reason.SOLD_OUT);
        assertThat(mall().issued(side(), template)).isZero();
        assertThat(left(template)).isEqualTo(7);
        claim(user, template, 7, key());
        assertThat(left(template)).isZero();
    }

    private Answer batch(long user, Claims.Mode mode, String key, long... templates) {
        return rooms().claims()
                .claim(
                        user,
                        LongStream.of(templates)
                                .mapToObj(template -> new Claims.Wanted(new TemplateId(template), 2))
                                .toList(),
                        mode,
                        key);
    }

    @Test
    void oneKeyClaimsSeveralTemplatesWithOneInsert() {
        long user = mall().user();
        long[] templates = {mall().template(10, 2), mall().template(10, 5), mall().template(-1, 0)};
        String key = key();
        mall().forgetStatements();
        Answer answer = batch(user, Claims.Mode.ALL, key, templates);
        assertThat(mall().statements(
                                side() == Side.OLD ? "INSERT INTO mall_coupon_user (%" : "INSERT INTO user_coupon%"))
                .isEqualTo(1);
        assertThat(coupons(answer)).hasSize(6).doesNotHaveDuplicates();
        assertThat(json(answer.json()).path("items").findValuesAsText("template_id"))
                .containsExactly("tpl_" + templates[0], "tpl_" + templates[1], "tpl_" + templates[2]);
        assertThat(left(templates[0])).isEqualTo(8);
        assertThat(left(templates[1])).isEqualTo(8);

        Answer again = batch(user, Claims.Mode.ALL, key, templates);
        assertThat(again).isEqualTo(new Answer(answer.json(), true));
        assertThat(refusal(() -> batch(user, Claims.Mode.PARTIAL, key, templates)))
                .isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
        assertThat(left(templates[0])).isEqualTo(8);
    }

    @Test
    void aBatchOfWhichOneTemplateIsRefusedClaimsNothing() {
        long user = mall().user();
        long enough = mall().template(10, 0);
        for (long refusing : new long[] {
            mall().template(1, 0), mall().template(10, 1), mall().template(10, 9, Map.of("status", 2)), 999_999_999L
        }) {
            Refusal refusal =
                    catchThrowableOfType(Refusal.class, () -> batch(user, Claims.Mode.ALL, key(), enough, refusing));
            assertThat(refusal.item()).hasValue(1);
            assertThat(refusal.param()).isEqualTo("items[1].template_id");
            assertThat(mall().issued(side(), enough)).isZero();
            assertThat(left(enough)).isEqualTo(10);
        }
    }

    @Test
    void aPartialBatchClaimsTheOthersAndSaysWhyNotThese() {
        long user = mall().user();
        long soldOut = mall().template(1, 0);
        long first = mall().template(10, 0);
        long limited = mall().template(10, 1);
        long last = mall().template(10, 2);
        String key = key();
        Answer answer = batch(user, Claims.Mode.PARTIAL, key, soldOut, first, limited, last, 999_999_999L);
        JsonNode items = json(answer.json()).path("items");
        assertThat(items.get(0).path("refused").asText()).isEqualTo("sold_out");
        assertThat(items.get(1).has("refused")).isFalse();
        assertThat(items.get(2).path("refused").asText()).isEqualTo("per_user_limit_reached");
        assertThat(items.get(3).has("refused")).isFalse();
        assertThat(items.get(4).path("refused").asText()).isEqualTo("template_not_found");
        assertThat(json(answer.json()).path("coupons").findValuesAsText("template_id"))
                .containsExactly("tpl_" + first, "tpl_" + first, "tpl_" + last, "tpl_" + last);
        assertThat(left(first)).isEqualTo(8);
        assertThat(left(limited)).isEqualTo(10);
        assertThat(left(soldOut)).isEqualTo(1);
        // What was refused then is refused in the replay, whatever could be had by now.
        assertThat(batch(user, Claims.Mode.PARTIAL, key, soldOut, first, limited, last, 999_999_999L))
                .isEqualTo(new Answer(answer.json(), true));

        assertThat(refusal(() -> batch(user, Claims.Mode.PARTIAL, key(), soldOut, limited)))
                .isEqualTo(Reason.SOLD_OUT);
    }

    @Test
    void batchesThatNameTheSameTemplatesInOtherOrdersAllEndAndTheLimitsHold() {
        long user = mall().user();
        long[] templates = {mall().template(500, 6), mall().template(500, 6), mall().template(500, 6)};
        AtomicInteger granted = new AtomicInteger();
        Parallel.run(24, i -> {
            long[] order = {templates[i % 3], templates[(i + 1 + i % 2) % 3], templates[(i + 2 - i % 2) % 3]};
            refusedOrCounted(granted, Reason.PER_USER_LIMIT_REACHED, () -> batch(user, Claims.Mode.ALL, key(), order));
        });
        assertThat(granted).hasValue(3);
        for (long template : templates) {
            assertThat(mall().issued(side(), template)).isEqualTo(6);
            assertThat(left(template)).isEqualTo(494);
        }
    }

    @Test
    void unlimitedTemplatesNeverSellOut() {
        long template = mall().template(-1, 0);
        assertThat(coupons(claim(mall().user(), template, Claims.MOST_COUPONS, key())))
                .hasSize(Claims.MOST_COUPONS);
    }

    private long left(long template) {
        return side() == Side.OLD
                ? mall().number(DatabaseId.OLD, "SELECT num FROM mall_coupon WHERE id = ?", template)
                : mall().remaining(template);
    }

    private List<Long> usersOf(int database, int count) {
        return Stream.generate(() -> mall().user())
                .filter(user ->
                        mall().plan.layout().databaseOf(mall().plan.layout().slot(user)) == database)
                .limit(count)
                .toList();
    }

    @Test
    void oneKeyHasOneEffectHoweverOftenItIsSent() {
        long user = mall().user();
        long template = mall().template(100, 1);
        String key = key();
        Set<String> bodies = java.util.concurrent.ConcurrentHashMap.newKeySet();
        AtomicInteger first = new AtomicInteger();
        Parallel.run(32, i -> {
            Answer answer = claim(user, template, 1, key);
            bodies.add(answer.json());
            if (!answer.replayed()) {
                first.incrementAndGet();
            }
        });
        assertThat(bodies).hasSize(1);
        assertThat(first).hasValue(1);
        assertThat(mall().issued(side(), template)).isEqualTo(1);
        assertThat(left(template)).isEqualTo(99);
        assertThat(rooms().claims().find(user, key))
                .hasValueSatisfying(body -> assertThat(bodies).contains(body));
    }

    @Test
    void theLastCouponIsReplayedToItsTwinsAndNotSoldOut() {
        long user = mall().user();
        long template = mall().template(1, 0);
        String key = key();
        Set<String> bodies = java.util.concurrent.ConcurrentHashMap.newKeySet();
        Parallel.run(16, i -> bodies.add(claim(user, template, 1, key).json()));
        assertThat(bodies).hasSize(1);
    }

    @Test
    void aKeyWithAnotherRequestIsRefused() {
        long user = mall().user();
        long template = mall().template(100, 10);
        String key = key();
        claim(user, template, 1, key);
        assertThat(refusal(() -> claim(user, template, 2, key))).isEqualTo(Reason.IDEMPOTENCY_KEY_REUSED);
        // Another user's key is another key.
        assertThat(claim(mall().user(), template, 2, key).replayed()).isFalse();
    }

    @Test
    void theLargestAnswersFitTheirColumn() {
        long user = mall().user();
        long template = mall().template(100, 0, Map.of("type", 1, "amount", "9.05", "min_point", "12345678.90"));
        String key = "k".repeat(64);
        List<CouponId> coupons = coupons(claim(user, template, Claims.MOST_COUPONS, key));
        Cart cart = Cart.of(Collections.nCopies(Cart.MOST_LINES, line(Cart.MOST_MINOR / 100, Cart.MOST_MINOR / 100)));
        Answer used = rooms().redemptions().redeem(user, "o".repeat(63), coupons.subList(0, 10), cart, key);
        assertThat(json(used.json()).path("redemptions")).hasSize(10);
        assertThat(json(used.json()).path("line_discounts_minor")).hasSize(Cart.MOST_LINES);
    }

    private static OrderLine line(long amount, long freight) {
        return new OrderLine(new Product("p-1", null, null), 2, amount, freight);
    }

    @Test
    void aCouponIsUsedExactlyOnce() {
        long user = mall().user();
        CouponId coupon = claimOne(user, mall().template(100, 1));
        AtomicInteger used = new AtomicInteger();
        Parallel.run(
                64,
                i -> refusedOrCounted(
                        used,
                        Reason.COUPON_ALREADY_USED,
                        () -> rooms().redemptions().redeem(user, "order-" + i, List.of(coupon), ORDER, key())));
        assertThat(used).hasValue(1);
        JsonNode shown = rooms().wallet().coupon(coupon);
        assertThat(shown.path("status").asText()).isEqualTo("USED");
        assertThat(shown.path("order_no").asText()).startsWith("order-");
    }

    @Test
    void severalCouponsOfAnOrderAreUsedTogetherOrNotAtAll() {
        long user = mall().user();
        long template = mall().template(100, 10);
        List<CouponId> coupons = coupons(claim(user, template, 3, key()));
        rooms().redemptions().redeem(user, "o1", coupons.subList(2, 3), ORDER, key());
        assertThat(refusal(() -> rooms().redemptions().redeem(user, "o2", coupons, ORDER, key())))
                .isEqualTo(Reason.COUPON_ALREADY_USED);
        assertThat(rooms().wallet().coupon(coupons.get(0)).path("status").asText())
                .isEqualTo("AVAILABLE");
        JsonNode both = json(rooms().redemptions()
                .redeem(user, "o3", coupons.subList(0, 2), amount(3000), key())
                .json());
        assertThat(both.path("redemptions").findValuesAsText("amount_minor")).containsExactly("500", "500");
    }

    @Test
    void aThresholdIsHeldWhenTheOrderIsTold() {
        long user = mall().user();
        CouponId coupon = claimOne(user, mall().template(100, 10));
        assertThat(refusal(() -> rooms().redemptions().redeem(user, "o1", List.of(coupon), amount(2999), key())))
                .isEqualTo(Reason.THRESHOLD_NOT_MET);
    }

    @Test
    void strangersAndForgedIdsFindNothing() {
        long user = mall().user();
        CouponId coupon = claimOne(user, mall().template(100, 10));
        CouponId forged = CouponId.of(coupon.sequence(), (coupon.slot() + 1) % 8);
        CouponId beyond = CouponId.of(coupon.sequence(), 999);
        long stranger = mall().user();
        for (CouponId id : List.of(forged, beyond)) {
            assertThat(refusal(() -> rooms().wallet().coupon(id))).isEqualTo(Reason.COUPON_NOT_FOUND);
            assertThat(refusal(() -> rooms().redemptions().redeem(user, "o", List.of(id), ORDER, key())))
                    .isEqualTo(Reason.COUPON_NOT_FOUND);
        }
        assertThat(refusal(() -> rooms().redemptions().redeem(stranger, "o", List.of(coupon), ORDER, key())))
                .isEqualTo(Reason.COUPON_NOT_FOUND);
        assertThat(refusal(
                        () -> rooms().redemptions().refund(RedemptionId.of(77, 3), OptionalLong.empty(), "r", key())))
                .isEqualTo(Reason.REDEMPTION_NOT_FOUND);
        assertThat(refusal(() -> claim(user, 999_999, 1, key()))).isEqualTo(Reason.TEMPLATE_NOT_FOUND);
    }

    @Test
    void aUseIsRefundedOnceAndTheCouponComesBack() {
        long user = mall().user();
        CouponId coupon = claimOne(user, mall().template(100, 10));
        RedemptionId redemption = redeem(user, coupon, "o1");
        AtomicInteger refunded = new AtomicInteger();
        Parallel.run(
                16,
                i -> refusedOrCounted(
                        refunded,
                        Reason.ALREADY_REFUNDED,
                        () -> rooms().redemptions().refund(redemption, OptionalLong.empty(), "r" + i, key())));
        assertThat(refunded).hasValue(1);
        JsonNode shown = rooms().wallet().coupon(coupon);
        assertThat(shown.path("status").asText()).isEqualTo("AVAILABLE");
        assertThat(shown.path("order_no").isNull()).isTrue();
        assertThat(shown.path("used_at").isNull()).isTrue();
        redeem(user, coupon, "o2");
        // The refund of the first use must not touch the second.
        assertThat(refusal(() -> rooms().redemptions().refund(redemption, OptionalLong.of(user), "r99", key())))
                .isEqualTo(Reason.ALREADY_REFUNDED);
        assertThat(rooms().wallet().coupon(coupon).path("status").asText()).isEqualTo("USED");
    }

    private RedemptionId redeem(long user, CouponId coupon, String order) {
        Answer answer = rooms().redemptions().redeem(user, order, List.of(coupon), ORDER, key());
        return RedemptionId.parse(json(answer.json())
                        .path("redemptions")
                        .get(0)
                        .path("id")
                        .asText())
                .orElseThrow();
    }

    @Test
    void aRefundedCouponPastItsEndIsExpired() {
        long user = mall().user();
        CouponId coupon = claimOne(user, mall().template(100, 10));
        RedemptionId redemption = redeem(user, coupon, "o1");
        expire(coupon);
        JsonNode refund = json(rooms().redemptions()
                .refund(redemption, OptionalLong.empty(), "r1", key())
                .json());
        assertThat(refund.path("coupon_status").asText()).isEqualTo("EXPIRED");
        assertThat(refusal(() -> redeem(user, coupon, "o2"))).isEqualTo(Reason.COUPON_EXPIRED);
    }

    @Test
    void expiryIsAMatterOfTimeAndNotOfAJob() {
        long user = mall().user();
        long template = mall().template(100, 10);
        CouponId stays = claimOne(user, template);
        CouponId ends = claimOne(user, template);
        expire(ends);
        assertThat(ids(user, CouponStatus.AVAILABLE)).containsExactly(stays.toString());
        assertThat(ids(user, CouponStatus.EXPIRED)).containsExactly(ends.toString());
        assertThat(ids(user, CouponStatus.USED)).isEmpty();
        assertThat(ids(user, CouponStatus.VOIDED)).isEmpty();
        assertThat(refusal(() -> redeem(user, ends, "o"))).isEqualTo(Reason.COUPON_EXPIRED);
    }

    private List<String> ids(long user, CouponStatus status) {
        return rooms().wallet()
                .page(user, 100, Optional.empty(), Optional.of(status))
                .path("data")
                .findValuesAsText("id");
    }

    private void expire(CouponId coupon) {
        if (side() == Side.OLD) {
            mall().execute(
                            DatabaseId.OLD,
                            "UPDATE mall_coupon_user SET end_time = '2026-01-01 00:00:00' WHERE id = ?",
                            coupon.sequence());
        } else {
            mall().execute(
                            DatabaseId.shard(mall().plan.layout().databaseOf(coupon.slot())),
                            "UPDATE " + mall().plan.layout().physicalTable("user_coupon", coupon.slot())
                                    + " SET valid_to = 1 WHERE coupon_id = ?",
                            coupon.number());
        }
    }

    @Test
    void pagesWalkAllCouponsInOrder() {
        long user = mall().user();
        long template = mall().template(100, 0);
        List<String> all = coupons(claim(user, template, 7, key())).stream()
                .map(CouponId::toString)
                .toList();
        List<String> walked = new ArrayList<>();
        Optional<CouponId> after = Optional.empty();
        boolean more = true;
        while (more) {
            JsonNode page = rooms().wallet().page(user, 3, after, Optional.empty());
            walked.addAll(page.path("data").findValuesAsText("id"));
            more = page.path("has_more").asBoolean();
            after = more ? CouponId.parse(page.path("next_cursor").asText()) : Optional.empty();
        }
        assertThat(walked).isEqualTo(all);
    }

    @Test
    void aWalkBesideWritersMissesNoneOfThoseThatWereThere() {
        long user = mall().user();
        TemplateId template = new TemplateId(mall().template(1000, 0));
        List<CouponId> there = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            there.addAll(coupons(claim(user, template.number(), 10, key())));
        }
        List<String> walked = new ArrayList<>();
        Optional<CouponId> after = Optional.empty();
        boolean more = true;
        for (int n = 0; more; n++) {
            JsonNode page = rooms().wallet().page(user, 3, after, Optional.empty());
            walked.addAll(page.path("data").findValuesAsText("id"));
            more = page.path("has_more").asBoolean();
            after = CouponId.parse(page.path("next_cursor").asText());
            // Between any two pages one comes and one, of those that were shown or will be, is used.
            claimOne(user, template.number());
            redeem(user, there.get(n * 7 % there.size()), "o" + n);
        }
        assertThat(walked).doesNotHaveDuplicates();
        assertThat(walked).containsAll(there.stream().map(CouponId::toString).toList());
    }

    @Test
    void pagesOfAKindOrATemplateSkipTheOthersAndLoseNone() {
        long user = mall().user();
        long store = mall().template(100, 0);
        long freight = mall().template(100, 0, Map.of("type", 2));
        List<String> freights = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            claimOne(user, store);
            freights.add(claimOne(user, freight).toString());
        }
        redeem(user, CouponId.parse(freights.get(3)).orElseThrow(), "o");
        TemplateId id = new TemplateId(freight);
        for (CouponFilter filter : List.of(
                new CouponFilter(Optional.empty(), OptionalInt.of(2), Optional.empty()),
                new CouponFilter(Optional.empty(), OptionalInt.empty(), Optional.of(id)),
                new CouponFilter(Optional.empty(), OptionalInt.of(2), Optional.of(id)))) {
            List<String> walked = new ArrayList<>();
            Optional<CouponId> after = Optional.empty();
            boolean more = true;
            while (more) {
                JsonNode page = rooms().wallet().page(user, 3, after, filter, Tenant.ALL);
                walked.addAll(page.path("data").findValuesAsText("id"));
                more = page.path("has_more").asBoolean();
                after = CouponId.parse(page.path("next_cursor").asText());
            }
            assertThat(walked).isEqualTo(freights);
        }
        CouponFilter available =
                new CouponFilter(Optional.of(CouponStatus.AVAILABLE), OptionalInt.of(2), Optional.of(id));
        assertThat(rooms().wallet()
                        .page(user, 10, Optional.empty(), available, Tenant.ALL)
                        .path("data")
                        .findValuesAsText("id"))
                .isEqualTo(freights.subList(0, 3));
        CouponFilter neither = new CouponFilter(Optional.empty(), OptionalInt.of(3), Optional.of(id));
        assertThat(rooms().wallet()
                        .page(user, 10, Optional.empty(), neither, Tenant.ALL)
                        .path("data"))
                .isEmpty();
    }

    @Test
    void templatesOutsideTheirWindowAreRefused() {
        long user = mall().user();
        Map<String, Object> later =
                Map.of("time_type", 1, "start_time", "2090-01-01 00:00:00", "end_time", "2090-02-01 00:00:00");
        Map<String, Object> past =
                Map.of("time_type", 1, "start_time", "2020-01-01 00:00:00", "end_time", "2020-02-01 00:00:00");
        assertThat(refusal(() -> claim(user, mall().template(9, 1, later), 1, key())))
                .isEqualTo(Reason.CLAIM_NOT_STARTED);
        assertThat(refusal(() -> claim(user, mall().template(9, 1, past), 1, key())))
                .isEqualTo(Reason.CLAIM_ENDED);
        assertThat(refusal(() -> claim(user, mall().template(9, 1, Map.of("status", 2)), 1, key())))
                .isEqualTo(Reason.CLAIM_ENDED);
        assertThat(refusal(() -> claim(user, mall().template(9, 1, Map.of("deleted", 1)), 1, key())))
                .isEqualTo(Reason.CLAIM_ENDED);
        // What the plan cannot map cannot be claimed either, or coupons would be left behind.
        assertThat(refusal(() -> claim(user, mall().template(9, 1, Map.of("type", 7)), 1, key())))
                .isEqualTo(Reason.TEMPLATE_NOT_FOUND);
    }

    @Test
    void oneCouponDoesNotPayTheFiveOrdersOfMall1003() {
        long user = mall().user();
        CouponId coupon = claimOne(user, mall().template(100, 1));
        for (int order = 1; order <= 5; order++) {
            String number = "order-" + order;
            if (order == 1) {
                redeem(user, coupon, number);
            } else {
                assertThat(refusal(() -> redeem(user, coupon, number))).isEqualTo(Reason.COUPON_ALREADY_USED);
            }
        }
    }

    @Test
    void aDryRunSaysWhatTheRedemptionThenTakesOff() {
        long user = mall().user();
        long percent = mall().template(100, 0, Map.of("type", 1, "amount", "8.50", "min_point", "0.00"));
        long freight = mall().template(100, 0, Map.of("type", 2, "amount", "12.34", "min_point", "0.00"));
        List<CouponId> coupons =
                List.of(claimOne(user, percent), claimOne(user, freight), claimOne(user, mall().template(100, 0)));
        Cart cart = Cart.of(List.of(line(3333, 500), line(10_001, 300)));
        JsonNode dry = json(rooms().redemptions().validate(user, coupons, cart).toString());
        assertThat(dry.path("valid").asBoolean()).isTrue();
        assertThat(dry.path("coupons").findValuesAsText("usable")).containsOnly("true");
        assertThat(dry.path("payable_minor").asLong()).isEqualTo(13_334 + 800 - 2000 - 800 - 500);
        assertThat(json(rooms().redemptions().validate(user, coupons, cart).toString()))
                .isEqualTo(dry);

        JsonNode used = json(
                rooms().redemptions().redeem(user, "o1", coupons, cart, key()).json());
        assertThat(used.path("payable_minor")).isEqualTo(dry.path("payable_minor"));
        assertThat(used.path("line_discounts_minor")).isEqualTo(dry.path("line_discounts_minor"));
        for (JsonNode redemption : used.path("redemptions")) {
            for (JsonNode coupon : dry.path("coupons")) {
                if (coupon.path("coupon_id").equals(redemption.path("coupon_id"))) {
                    assertThat(redemption.path("amount_minor")).isEqualTo(coupon.path("amount_minor"));
                }
            }
        }
        JsonNode after = rooms().redemptions().validate(user, coupons, cart);
        assertThat(after.path("valid").asBoolean()).isFalse();
        assertThat(after.path("coupons").get(0).path("reason").path("code").asText())
                .isEqualTo("coupon_already_used");
    }

    @Test
    void theBestCouponsForACartComeFirstAndTheOthersSayWhyNot() {
        long user = mall().user();
        CouponId five = claimOne(user, mall().template(100, 0));
        CouponId percent =
                claimOne(user, mall().template(100, 0, Map.of("type", 1, "amount", "8.00", "min_point", "0")));
        CouponId large = claimOne(user, mall().template(100, 0, Map.of("amount", "50.00", "min_point", "500.00")));
        CouponId spent = claimOne(user, mall().template(100, 0));
        redeem(user, spent, "o1");
        JsonNode offers = rooms().redemptions().offers(user, Cart.of(List.of(line(10_000, 0))));
        assertThat(offers.path("data").findValuesAsText("coupon_id"))
                .containsExactly(percent.toString(), five.toString(), large.toString());
        assertThat(offers.path("data").get(2).path("reason").path("code").asText())
                .isEqualTo("threshold_not_met");
    }

    @Test
    void usesAreShownAndListed() {
        long user = mall().user();
        long template = mall().template(100, 0);
        List<RedemptionId> uses = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            uses.add(redeem(user, claimOne(user, template), "o" + i));
        }
        rooms().redemptions().refund(uses.get(0), OptionalLong.empty(), "r1", key());
        JsonNode first = rooms().redemptions().get(uses.get(0));
        assertThat(first.path("refund_status").asText()).isEqualTo("WHOLE");
        assertThat(first.path("refunded_minor").asLong()).isEqualTo(500);
        assertThat(first.path("refunds").get(0).path("refund_no").asText()).isEqualTo("r1");
        assertThat(rooms().redemptions().get(uses.get(1)).path("refunds")).isEmpty();
        JsonNode page = rooms().redemptions().page(user, 2, Optional.empty());
        assertThat(page.path("data").findValuesAsText("order_no")).containsExactly("o0", "o1");
        assertThat(page.path("has_more").asBoolean()).isTrue();
        RedemptionId cursor =
                RedemptionId.parse(page.path("next_cursor").asText()).orElseThrow();
        assertThat(rooms().redemptions().page(user, 2, Optional.of(cursor)).path("data"))
                .hasSize(1);
        assertThat(refusal(() -> rooms().redemptions()
                        .get(RedemptionId.of(
                                uses.get(0).sequence(), (uses.get(0).slot() + 1) % 8))))
                .isEqualTo(Reason.REDEMPTION_NOT_FOUND);
    }

    @Test
    void aRecalledCouponIsVoidOnceAndCannotBeUsed() {
        long user = mall().user();
        long template = mall().template(100, 0);
        CouponId coupon = claimOne(user, template);
        String key = key();
        JsonNode first = json(
                rooms().redemptions().voidCoupon(coupon, "eve", "fraud", key).json());
        assertThat(first.path("status").asText()).isEqualTo("VOIDED");
        assertThat(rooms().redemptions().voidCoupon(coupon, "eve", "fraud", key).replayed())
                .isTrue();
        assertThat(rooms().wallet().coupon(coupon).path("status").asText()).isEqualTo("VOIDED");
        assertThat(refusal(() -> redeem(user, coupon, "o"))).isEqualTo(Reason.COUPON_VOIDED);
        assertThat(refusal(() -> rooms().redemptions().voidCoupon(coupon, "eve", "fraud", key())))
                .isEqualTo(Reason.COUPON_VOIDED);
        CouponId used = claimOne(user, template);
        redeem(user, used, "o");
        assertThat(refusal(() -> rooms().redemptions().voidCoupon(used, "eve", "fraud", key())))
                .isEqualTo(Reason.COUPON_ALREADY_USED);
    }

    @Test
    void ofARecallAndAUseAtOnceOneWins() {
        for (int round = 0; round < 4; round++) {
            long user = mall().user();
            CouponId coupon = claimOne(user, mall().template(100, 0));
            AtomicInteger won = new AtomicInteger();
            Parallel.run(8, i -> {
                try {
                    if (i % 2 == 0) {
                        redeem(user, coupon, "o" + i);
                    } else {
                        rooms().redemptions().voidCoupon(coupon, "eve", "fraud", key());
                    }
                    won.incrementAndGet();
                } catch (Refusal e) {
                    assertThat(e.reason()).isIn(Reason.COUPON_ALREADY_USED, Reason.COUPON_VOIDED);
                }
            });
            assertThat(won).hasValue(1);
        }
    }

    @Test
    void whatACouponAsksOfTheOrderIsToldOrItIsNotUsed() {
        long user = mall().user();
        CouponId plain = claimOne(user, mall().template(100, 0, Map.of("min_point", "0.00")));
        CouponId from30 = claimOne(user, mall().template(100, 0));
        CouponId percent =
                claimOne(user, mall().template(100, 0, Map.of("type", 1, "amount", "8.00", "min_point", "0")));
        CouponId listed = claimOne(
                user, mall().template(100, 0, Map.of("use_type", 2, "goods_value", "[1001]", "min_point", "0.00")));
        for (CouponId coupon : List.of(from30, percent, listed)) {
            assertThat(refusal(() -> rooms().redemptions().redeem(user, "o", List.of(coupon), Cart.UNKNOWN, key())))
                    .isEqualTo(Reason.PARAMETER_MISSING);
        }
        JsonNode dry = rooms().redemptions().validate(user, List.of(plain, listed), amount(4000));
        assertThat(dry.path("coupons").get(0).path("usable").asBoolean()).isTrue();
        assertThat(dry.path("coupons").get(1).path("reason").path("code").asText())
                .isEqualTo("parameter_missing");
        // Once there is a product that no coupon is for, nobody can know without the lines.
        forbid("SN-NEVER");
        try {
            assertThat(refusal(() -> rooms().redemptions().redeem(user, "o", List.of(plain), amount(4000), key())))
                    .isEqualTo(Reason.PARAMETER_MISSING);
            redeem(user, plain, "o");
        } finally {
            mall().execute(
                            superBlacklist().database(),
                            "DELETE FROM " + superBlacklist().table());
            rooms().productCatalog().forget();
        }
        rooms().redemptions().redeem(user, "o2", List.of(from30), amount(4000), key());
        rooms().redemptions().redeem(user, "o3", List.of(percent), amount(4000), key());
    }

    private record Place(DatabaseId database, String table) {}

    private Place superBlacklist() {
        return side() == Side.OLD
                ? new Place(DatabaseId.OLD, "mall_coupon_super_black")
                : new Place(DatabaseId.META, "super_blacklist");
    }

    private void forbid(String product) {
        mall().execute(
                        superBlacklist().database(),
                        "INSERT INTO " + superBlacklist().table() + " (goods_sn) VALUES (?)",
                        product);
        rooms().productCatalog().forget();
    }
}
