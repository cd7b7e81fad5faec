package dev.cutover.coupon.pricing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.pricing.Pricing.Candidate;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.template.Discount;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class PricingTest {
    private static final List<Eligibility> NO_LINES = List.of();
    private static final int SEEDS = 3_000;

    private static Discount off(long minor, long threshold) {
        return new Discount(1, 1, minor, null, threshold, null);
    }

    private static Discount percent(long bp, @Nullable Long cap) {
        return new Discount(1, 2, null, bp, 0, cap);
    }

    private static Discount freight(long minor) {
        return new Discount(2, 3, minor, null, 0, null);
    }

    private static Discount redPacket(long minor) {
        return new Discount(3, 1, minor, null, 0, null);
    }

    private static Candidate coupon(int number, Discount discount, List<Eligibility> lines) {
        return new Candidate(new CouponId(number), discount, Stacking.FREE, lines);
    }

    private static Candidate stacked(int number, @Nullable String group, boolean alone) {
        return new Candidate(new CouponId(number), off(100, 0), new Stacking(group, alone), NO_LINES);
    }

    private static OrderLine line(long amount, long freight) {
        return new OrderLine(new Product("p", null, null), 1, amount, freight);
    }

    private static List<Eligibility> allOf(int lines) {
        return Collections.nCopies(lines, Eligibility.ELIGIBLE);
    }

    private static List<Long> amounts(Quote quote) {
        return quote.coupons().stream().map(CouponQuote::amountMinor).toList();
    }

    private static List<@Nullable Reason> reasons(Quote quote) {
        List<@Nullable Reason> reasons = new ArrayList<>();
        quote.coupons().forEach(coupon -> reasons.add(coupon.refused()));
        return reasons;
    }

    @Test
    void anOrderWithoutLinesIsPricedAsItAlwaysWas() {
        Quote quote = Pricing.quote(
                Cart.of(OptionalLong.of(3000)),
                List.of(coupon(1, off(500, 3000), NO_LINES), coupon(2, percent(1500, null), NO_LINES)));
        assertThat(amounts(quote)).containsExactly(500L, 450L);
        assertThat(quote.payableMinor()).hasValue(2050);
        assertThat(quote.coupons()).allMatch(coupon -> coupon.shares().isEmpty());
    }

    @Test
    void ofAnOrderThatIsNotToldACouponIsTakenThatAsksNothing() {
        Quote unknown = Pricing.quote(
                Cart.UNKNOWN,
                List.of(
                        coupon(1, off(500, 0), NO_LINES),
                        coupon(2, off(500, 1), NO_LINES),
                        coupon(3, percent(1500, null), NO_LINES),
                        coupon(4, freight(500), NO_LINES)));
        assertThat(amounts(unknown)).containsExactly(500L, 0L, 0L, 0L);
        assertThat(reasons(unknown))
                .containsExactly(null, Reason.PARAMETER_MISSING, Reason.PARAMETER_MISSING, Reason.PARAMETER_MISSING);
        assertThat(unknown.payableMinor()).isEmpty();
        Quote amount = Pricing.quote(Cart.of(OptionalLong.of(9000)), List.of(coupon(1, freight(500), NO_LINES)));
        assertThat(reasons(amount)).containsExactly(Reason.PARAMETER_MISSING);
        assertThat(amount.coupons().get(0).param()).isEqualTo("order.lines");
    }

    @Test
    void noCouponIsSpentForNothing() {
        Cart cart = Cart.of(List.of(line(1000, 0)));
        Quote quote = Pricing.quote(
                cart,
                List.of(
                        coupon(1, off(1000, 0), allOf(1)),
                        coupon(2, off(1, 0), allOf(1)),
                        coupon(3, freight(10), allOf(1))));
        assertThat(reasons(quote)).containsExactly(null, Reason.STACKING_CONFLICT, Reason.PRODUCT_NOT_APPLICABLE);
        assertThat(reasons(
                        Pricing.quote(Cart.of(OptionalLong.of(4)), List.of(coupon(1, percent(1000, null), NO_LINES)))))
                .containsExactly(Reason.PRODUCT_NOT_APPLICABLE);
    }

    @Test
    void theOrderOfMall1002IsNotPaidBelowZero() {
        Quote quote = Pricing.quote(
                Cart.of(OptionalLong.of(17_600)),
                List.of(coupon(1, off(10_000, 0), NO_LINES), coupon(2, off(100_000, 0), NO_LINES)));
        assertThat(amounts(quote)).containsExactly(10_000L, 7_600L);
        assertThat(quote.payableMinor()).hasValue(0);
    }

    @Test
    void aThresholdIsHeldByTheLinesACouponIsGoodFor() {
        Cart cart = Cart.of(List.of(line(2000, 0), line(5000, 0)));
        List<Eligibility> first = List.of(Eligibility.ELIGIBLE, Eligibility.NOT_APPLICABLE);
        List<Eligibility> second = List.of(Eligibility.NOT_APPLICABLE, Eligibility.ELIGIBLE);
        Quote quote = Pricing.quote(cart, List.of(coupon(1, off(500, 3000), first), coupon(2, off(500, 3000), second)));
        assertThat(reasons(quote)).containsExactly(Reason.THRESHOLD_NOT_MET, null);
        assertThat(quote.lineDiscounts()).containsExactly(0L, 500L);
    }

    @Test
    void aCouponForNoneOfTheProductsSaysWhy() {
        Cart cart = Cart.of(List.of(line(2000, 0), line(5000, 0)));
        Quote quote = Pricing.quote(
                cart,
                List.of(
                        coupon(1, off(500, 0), Collections.nCopies(2, Eligibility.NOT_APPLICABLE)),
                        coupon(2, off(500, 0), List.of(Eligibility.NOT_APPLICABLE, Eligibility.SUPER_BLACKLISTED)),
                        coupon(3, off(500, 0), List.of(Eligibility.ELIGIBLE, Eligibility.SUPER_BLACKLISTED))));
        assertThat(reasons(quote)).containsExactly(Reason.PRODUCT_NOT_APPLICABLE, Reason.SUPER_BLACKLISTED, null);
        assertThat(quote.valid()).isFalse();
        assertThat(quote.discountMinor()).isEqualTo(500);
    }

    @Test
    void aFreightCouponTakesFromTheFreightAlone() {
        Cart cart = Cart.of(List.of(line(5000, 300), line(100, 500)));
        Quote quote =
                Pricing.quote(cart, List.of(coupon(1, freight(1000), allOf(2)), coupon(2, off(10_000, 0), allOf(2))));
        assertThat(amounts(quote)).containsExactly(800L, 5100L);
        assertThat(quote.lineDiscounts()).containsExactly(5300L, 600L);
        assertThat(quote.payableMinor()).hasValue(0);
    }

    @Test
    void amountsComeBeforePercentagesAndRedPacketsLast() {
        Cart cart = Cart.of(List.of(line(1000, 0)));
        Quote quote = Pricing.quote(
                cart,
                List.of(
                        coupon(1, redPacket(800), allOf(1)),
                        coupon(2, percent(5000, null), allOf(1)),
                        coupon(3, off(400, 0), allOf(1))));
        assertThat(amounts(quote)).containsExactly(100L, 500L, 400L);
    }

    @Test
    void aPercentageIsCappedAndHalfAMinorUnitIsRoundedUp() {
        Cart cart = Cart.of(List.of(line(10_010, 0)));
        assertThat(amounts(Pricing.quote(cart, List.of(coupon(1, percent(1500, 1000L), allOf(1))))))
                .containsExactly(1000L);
        assertThat(amounts(Pricing.quote(cart, List.of(coupon(1, percent(1500, null), allOf(1))))))
                .containsExactly(1502L);
        assertThat(amounts(Pricing.quote(
                        Cart.of(List.of(line(10, 0))), List.of(coupon(1, percent(1500, null), allOf(1))))))
                .containsExactly(2L);
    }

    @Test
    void atMostOneOfAGroupAndALonerByItself() {
        Cart cart = Cart.of(OptionalLong.of(1000));
        assertThat(reasons(Pricing.quote(
                        cart, List.of(stacked(1, "a", false), stacked(2, "a", false), stacked(3, "b", false)))))
                .containsExactly(null, Reason.STACKING_CONFLICT, null);
        assertThat(reasons(Pricing.quote(cart, List.of(stacked(1, null, false), stacked(2, null, true)))))
                .containsExactly(null, Reason.STACKING_CONFLICT);
        assertThat(reasons(Pricing.quote(cart, List.of(stacked(1, null, true), stacked(2, null, false)))))
                .containsExactly(null, Reason.STACKING_CONFLICT);
        assertThat(reasons(Pricing.quote(cart, List.of(stacked(1, null, true)))))
                .containsExactly((Reason) null);
    }

    @Test
    void sharesOfRandomAmountsComeToTheAmountAndExceedNoWeight() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            long[] weights = LongStream.generate(() -> weight(random))
                    .limit(1 + random.nextInt(12))
                    .toArray();
            long sum = LongStream.of(weights).sum();
            long amount = sum == 0 ? 0 : random.nextInt(4) == 0 ? sum : random.nextLong(sum + 1);
            long[] shares = Shares.of(amount, weights);
            assertThat(LongStream.of(shares).sum()).as("seed %d", seed).isEqualTo(amount);
            for (int i = 0; i < weights.length; i++) {
                assertThat(shares[i]).as("seed %d", seed).isBetween(0L, weights[i]);
                // Nobody is further from his exact share than one minor unit.
                assertThat(Math.abs(shares[i] - (double) amount * weights[i] / Math.max(1, sum)))
                        .as("seed %d", seed)
                        .isLessThan(1.001);
            }
        }
    }

    private static long weight(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> random.nextInt(10);
            case 2 -> random.nextInt(100_000);
            default -> random.nextLong(Cart.MOST_MINOR / 12);
        };
    }

    private record Purchase(Cart cart, List<Candidate> candidates) {}

    private static Purchase purchase(Random random) {
        int lines = 1 + random.nextInt(8);
        Cart cart = Cart.of(IntStream.range(0, lines)
                .mapToObj(i -> line(weight(random), weight(random) / 10))
                .toList());
        List<Candidate> candidates = new ArrayList<>();
        int coupons = 1 + random.nextInt(10);
        for (int i = 0; i < coupons; i++) {
            List<Eligibility> eligible = IntStream.range(0, lines)
                    .mapToObj(line -> Eligibility.values()[Math.max(0, random.nextInt(6) - 3)])
                    .toList();
            String group = random.nextInt(3) == 0 ? "g" + random.nextInt(3) : null;
            candidates.add(new Candidate(
                    new CouponId(random.nextInt(1_000_000) * 10L + i),
                    discount(random),
                    new Stacking(group, random.nextInt(12) == 0),
                    eligible));
        }
        return new Purchase(cart, candidates);
    }

    private static Discount discount(Random random) {
        long threshold = random.nextInt(3) == 0 ? random.nextInt(200_000) : 0;
        return switch (random.nextInt(4)) {
            case 0 -> new Discount(1, 1, (long) random.nextInt(500_000), null, threshold, null);
            case 1 ->
                new Discount(
                        1,
                        2,
                        null,
                        1L + random.nextInt(10_000),
                        threshold,
                        random.nextBoolean() ? (long) random.nextInt(1_000_000) : null);
            case 2 -> new Discount(2, 3, (long) random.nextInt(50_000), null, threshold, null);
            default -> new Discount(3, 1, (long) random.nextInt(500_000), null, threshold, null);
        };
    }

    @Test
    void randomPurchasesAreNeverPaidBelowZeroAndTheirSharesComeToTheDiscount() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Purchase purchase = purchase(new Random(seed));
            Quote quote = Pricing.quote(purchase.cart(), purchase.candidates());
            long[] left = new long[purchase.cart().lines().size()];
            for (int i = 0; i < left.length; i++) {
                OrderLine line = purchase.cart().lines().get(i);
                left[i] = line.amountMinor() + line.freightMinor();
            }
            for (int i = 0; i < purchase.candidates().size(); i++) {
                CouponQuote coupon = quote.coupons().get(i);
                Candidate candidate = purchase.candidates().get(i);
                long shared = 0;
                long eligible = 0;
                for (CouponQuote.Share share : coupon.shares()) {
                    assertThat(candidate.lines().get(share.line()))
                            .as("seed %d", seed)
                            .isEqualTo(Eligibility.ELIGIBLE);
                    OrderLine line = purchase.cart().lines().get(share.line());
                    assertThat(coupon.freight()).isEqualTo(candidate.discount().kind() == 2);
                    shared += share.amountMinor();
                    eligible += coupon.freight() ? line.freightMinor() : line.amountMinor();
                    left[share.line()] -= share.amountMinor();
                }
                assertThat(shared).as("seed %d", seed).isEqualTo(coupon.amountMinor());
                assertThat(coupon.amountMinor()).as("seed %d", seed).isBetween(0L, eligible);
                Long cap = candidate.discount().capMinor();
                if (cap != null) {
                    assertThat(coupon.amountMinor()).isLessThanOrEqualTo(cap);
                }
            }
            assertThat(LongStream.of(left).min().orElseThrow())
                    .as("seed %d", seed)
                    .isNotNegative();
            assertThat(quote.payableMinor()).hasValue(LongStream.of(left).sum());
        }
    }

    @Test
    void theOrderInWhichCouponsAreAskedForChangesNothing() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            Purchase purchase = purchase(random);
            Quote quote = Pricing.quote(purchase.cart(), purchase.candidates());
            List<Candidate> shuffled = new ArrayList<>(purchase.candidates());
            Collections.shuffle(shuffled, random);
            Quote other = Pricing.quote(purchase.cart(), shuffled);
            for (Candidate candidate : shuffled) {
                assertThat(other.of(candidate.id())).as("seed %d", seed).isEqualTo(quote.of(candidate.id()));
            }
        }
    }

    @Test
    void withinAClassWhoeverComesFirstTheTotalIsTheSame() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            int lines = 1 + random.nextInt(6);
            Cart cart = Cart.of(IntStream.range(0, lines)
                    .mapToObj(i -> line(weight(random), 0))
                    .toList());
            boolean percent = random.nextBoolean();
            List<Discount> discounts = IntStream.range(0, 1 + random.nextInt(6))
                    .mapToObj(i -> percent ? percent(1 + random.nextInt(6000), null) : off(random.nextInt(900_000), 0))
                    .toList();
            List<Discount> others = new ArrayList<>(discounts);
            Collections.shuffle(others, random);
            assertThat(Pricing.quote(cart, numbered(discounts, lines)).discountMinor())
                    .as("seed %d", seed)
                    .isEqualTo(Pricing.quote(cart, numbered(others, lines)).discountMinor());
        }
    }

    private static List<Candidate> numbered(List<Discount> discounts, int lines) {
        return IntStream.range(0, discounts.size())
                .mapToObj(i -> coupon(i + 1, discounts.get(i), allOf(lines)))
                .toList();
    }

    @Test
    void aLargerOrderIsNeverDiscountedLess() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            Discount discount = discount(random);
            long amount = weight(random);
            long freight = weight(random) / 10;
            long more = random.nextInt(10_000);
            assertThat(single(discount, amount + more, freight + more))
                    .as("seed %d", seed)
                    .isGreaterThanOrEqualTo(single(discount, amount, freight));
        }
    }

    private static long single(Discount discount, long amount, long freight) {
        return Pricing.quote(Cart.of(List.of(line(amount, freight))), List.of(coupon(1, discount, allOf(1))))
                .discountMinor();
    }

    @Test
    void theLargestOrderDoesNotOverflow() {
        long each = Cart.MOST_MINOR / Cart.MOST_LINES;
        Cart cart = Cart.of(Collections.nCopies(Cart.MOST_LINES, line(each, 0)));
        Quote quote = Pricing.quote(
                cart,
                List.of(
                        coupon(1, percent(10_000, null), allOf(Cart.MOST_LINES)),
                        coupon(2, off(Long.MAX_VALUE, 0), allOf(Cart.MOST_LINES))));
        assertThat(quote.discountMinor()).isEqualTo(Cart.MOST_MINOR);
        assertThat(quote.payableMinor()).hasValue(0);
    }
}
