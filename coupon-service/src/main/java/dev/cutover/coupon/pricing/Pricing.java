package dev.cutover.coupon.pricing;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.template.Discount;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The arithmetic of coupons, the same for a dry run, a hold and a use, and on both sides.
 *
 * <p>Coupons act in an order that the request cannot change: amounts off, then percentages, then freight, then red packets; within a
 * class by their ids. A percentage is of what the lines it is good for cost before any discount, half a minor unit is rounded up, and its cap holds.
 * A threshold is held by those lines alone. Nothing takes more than is left of its lines, so an order is never paid below zero. A discount
 * is cut to lines by what is left of them, in shares that come to it exactly. A freight coupon takes from the freight of its lines only.
 *
 * <p>An order whose lines are not told is one line without freight that every coupon is good for. Of an order of which nothing is known only
 * a coupon that asks nothing takes its amount: one with a threshold, of a percentage or for the freight is refused. So is one that there is
 * nothing left for: it would be spent for nothing.
 */
public final class Pricing {
    /** How many coupons one order may use: as many as an operation's recorded answer has room for. */
    public static final int MOST_COUPONS = 10;

    /** Of those, how many may be for its freight. */
    public static final int MOST_FREIGHT_COUPONS = 1;

    private static final long BASIS = 10_000;
    private static final int FREIGHT_KIND = 2;
    private static final int RED_PACKET_KIND = 3;
    private static final int FREIGHT_TYPE = 3;

    private Pricing() {}

    /**
     * A coupon that could be used by itself.
     *
     * @param lines whether it is good for each line of the cart; empty when the lines are not told
     */
    public record Candidate(CouponId id, Discount discount, Stacking stacking, List<Eligibility> lines) {
        public Candidate {
            lines = List.copyOf(lines);
        }

        private boolean ofFreight() {
            return discount.kind() == FREIGHT_KIND || discount.type() == FREIGHT_TYPE;
        }

        private int turn() {
            if (ofFreight()) {
                return 2;
            }
            if (discount.kind() == RED_PACKET_KIND) {
                return 3;
            }
            return discount.percentOffBp() == null ? 0 : 1;
        }
    }

    /** What these coupons take off together; one that is refused does not stand in the way of the others. */
    public static Quote quote(Cart cart, List<Candidate> candidates) {
        Till till = new Till(cart);
        List<Candidate> used = new ArrayList<>();
        Map<CouponId, CouponQuote> quotes = new HashMap<>();
        List<Candidate> inTurn = candidates.stream()
                .sorted(Comparator.comparingInt(Candidate::turn)
                        .thenComparingLong(candidate -> candidate.id().number()))
                .toList();
        for (Candidate candidate : inTurn) {
            CouponQuote quote;
            try {
                requireStackable(candidate, used);
                quote = till.take(candidate);
                used.add(candidate);
            } catch (Refusal e) {
                quote = CouponQuote.refused(candidate.id(), e);
            }
            quotes.put(candidate.id(), quote);
        }
        return new Quote(
                cart,
                candidates.stream().map(candidate -> quotes.get(candidate.id())).toList());
    }

    private static void requireStackable(Candidate candidate, List<Candidate> used) {
        if (candidate.ofFreight() && used.stream().filter(Candidate::ofFreight).count() == MOST_FREIGHT_COUPONS) {
            throw new Refusal(
                    Reason.STACKING_CONFLICT,
                    "coupon_ids",
                    "An order uses one coupon for its freight; coupon " + candidate.id() + " is another.");
        }
        if (used.stream().map(Candidate::stacking).anyMatch(candidate.stacking()::excludes)) {
            throw new Refusal(
                    Reason.STACKING_CONFLICT,
                    "coupon_ids",
                    "Coupon " + candidate.id() + " cannot be used beside the others of this order.");
        }
    }

    /** What is left of each line while coupon after coupon takes its part. Owned by one thread. */
    private static final class Till {
        private final Cart cart;
        private final long[] goods;
        private final long[] freight;

        Till(Cart cart) {
            this.cart = cart;
            this.goods = cart.itemised()
                    ? cart.lines().stream().mapToLong(OrderLine::amountMinor).toArray()
                    : new long[] {cart.amountMinor().orElse(Long.MAX_VALUE)};
            this.freight =
                    cart.lines().stream().mapToLong(OrderLine::freightMinor).toArray();
        }

        CouponQuote take(Candidate coupon) {
            Discount discount = coupon.discount();
            if (coupon.ofFreight() && !cart.itemised()) {
                throw notTold(coupon, "order.lines", "is for the freight: say the lines of the order with theirs");
            }
            if (cart.amountMinor().isEmpty()) {
                if (discount.percentOffBp() != null || discount.thresholdMinor() > 0) {
                    throw notTold(coupon, "order", "depends on what the order comes to: say it, or its lines");
                }
                return CouponQuote.usable(coupon.id(), off(discount, 0), false, List.of());
            }
            int[] lines = linesOf(coupon);
            long eligible = cart.itemised()
                    ? sum(lines, line -> cart.lines().get(line).amountMinor())
                    : cart.amountMinor().getAsLong();
            requireThreshold(discount, eligible);
            boolean ofFreight = coupon.ofFreight();
            long[] left = ofFreight ? freight : goods;
            long base = ofFreight ? sum(lines, line -> cart.lines().get(line).freightMinor()) : eligible;
            long[] weights = IntStream.of(lines).mapToLong(line -> left[line]).toArray();
            long off = off(discount, base);
            long amount = Math.min(off, LongStream.of(weights).sum());
            if (amount == 0) {
                throw nothingFor(coupon, Math.min(off, base));
            }
            long[] taken = Shares.of(amount, weights);
            List<CouponQuote.Share> shares = new ArrayList<>();
            for (int i = 0; i < lines.length; i++) {
                left[lines[i]] -= taken[i];
                shares.add(new CouponQuote.Share(lines[i], taken[i]));
            }
            return CouponQuote.usable(coupon.id(), amount, ofFreight, cart.itemised() ? shares : List.of());
        }

        private static Refusal notTold(Candidate coupon, String param, String why) {
            return new Refusal(Reason.PARAMETER_MISSING, param, "Coupon " + coupon.id() + " " + why + ".");
        }

        private static Refusal nothingFor(Candidate coupon, long alone) {
            return alone > 0
                    ? new Refusal(
                            Reason.STACKING_CONFLICT,
                            "coupon_ids",
                            "Coupon " + coupon.id()
                                    + " would be spent for nothing: the others leave nothing of its lines.")
                    : new Refusal(
                            Reason.PRODUCT_NOT_APPLICABLE,
                            "order",
                            "Coupon " + coupon.id() + " would be spent for nothing: it takes nothing off this order.");
        }

        private int[] linesOf(Candidate coupon) {
            if (!cart.itemised()) {
                return new int[] {0};
            }
            int[] lines = IntStream.range(0, cart.lines().size())
                    .filter(line -> coupon.lines().get(line) == Eligibility.ELIGIBLE)
                    .toArray();
            if (lines.length > 0) {
                return lines;
            }
            if (coupon.lines().contains(Eligibility.SUPER_BLACKLISTED)) {
                throw new Refusal(
                        Reason.SUPER_BLACKLISTED,
                        "order.lines",
                        "No coupon can be used for these products; coupon " + coupon.id()
                                + " is good for none of the others.");
            }
            throw new Refusal(
                    Reason.PRODUCT_NOT_APPLICABLE,
                    "order.lines",
                    "Coupon " + coupon.id() + " is good for none of these products.");
        }

        private static void requireThreshold(Discount discount, long eligible) {
            if (eligible < discount.thresholdMinor()) {
                throw new Refusal(
                        Reason.THRESHOLD_NOT_MET,
                        "order.amount_minor",
                        "The order of " + eligible + " is below the coupon's threshold of " + discount.thresholdMinor()
                                + ".");
            }
        }

        private static long off(Discount discount, long base) {
            Long percent = discount.percentOffBp();
            if (percent == null) {
                Long off = discount.amountOffMinor();
                return off == null ? 0 : Math.max(0, off);
            }
            long off = Math.addExact(Math.multiplyExact(base, percent), BASIS / 2) / BASIS;
            Long cap = discount.capMinor();
            return cap == null ? off : Math.min(off, cap);
        }

        private static long sum(int[] lines, java.util.function.IntToLongFunction amount) {
            return IntStream.of(lines).mapToLong(amount).sum();
        }
    }
}
