package dev.cutover.coupon.shape;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.pricing.CouponQuote;
import dev.cutover.coupon.pricing.Quote;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.store.HoldRow;
import dev.cutover.coupon.store.Offer;
import dev.cutover.coupon.store.Redeemed;
import dev.cutover.coupon.store.RedemptionLine;
import dev.cutover.coupon.store.RedemptionRow;
import dev.cutover.coupon.store.RefundRow;
import dev.cutover.coupon.store.Refunded;
import dev.cutover.coupon.store.VoidOrder;
import dev.cutover.coupon.template.Discount;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Quotes, holds, uses and refunds as the API's objects, always with the same fields in the same order; answers that are recorded fit their 4,000 characters. */
public final class UseShapes {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private UseShapes() {}

    public static ObjectNode redeemed(Redeemed redeemed) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "redemption_list");
        node.put("user_id", redeemed.userId());
        node.put("order_no", redeemed.orderNo());
        List<RedemptionRow> redemptions = redeemed.redemptions();
        node.put(
                "redeemed_at",
                redemptions.isEmpty() ? null : time(redemptions.get(0).createdAt()));
        node.put("currency", Discount.CURRENCY);
        ArrayNode data = node.putArray("redemptions");
        for (RedemptionRow redemption : redemptions) {
            ObjectNode one = data.addObject();
            one.put("object", "redemption");
            one.put("id", redemption.id().toString());
            one.put("coupon_id", redemption.couponId().toString());
            one.put("amount_minor", redemption.amountMinor());
        }
        if (redeemed.quote().cart().itemised()) {
            sums(node, redeemed.quote());
        }
        return node;
    }

    /** What comes off in all and off each line. The shares of each coupon would not fit: they are shown with the redemption. */
    private static void sums(ObjectNode node, Quote quote) {
        node.put("discount_minor", quote.discountMinor());
        number(node, "payable_minor", quote.payableMinor());
        ArrayNode lines = node.putArray("line_discounts_minor");
        quote.lineDiscounts().forEach(lines::add);
    }

    private static void number(ObjectNode node, String field, OptionalLong value) {
        node.put(field, value.isPresent() ? (Long) value.getAsLong() : null);
    }

    public static ObjectNode quote(long userId, Quote quote) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "validation");
        node.put("user_id", userId);
        node.put("valid", quote.valid());
        node.put("currency", Discount.CURRENCY);
        sums(node, quote);
        ArrayNode coupons = node.putArray("coupons");
        quote.coupons().forEach(coupon -> coupons.add(coupon(coupon)));
        return node;
    }

    private static ObjectNode coupon(CouponQuote quote) {
        ObjectNode node = JSON.objectNode();
        node.put("coupon_id", quote.id().toString());
        node.put("usable", quote.refused() == null);
        node.put("amount_minor", quote.amountMinor());
        node.put("takes_from", quote.freight() ? "FREIGHT" : "GOODS");
        ArrayNode shares = node.putArray("shares");
        for (CouponQuote.Share share : quote.shares()) {
            shares.addObject().put("line", share.line()).put("amount_minor", share.amountMinor());
        }
        if (quote.refused() == null) {
            node.putNull("reason");
        } else {
            ObjectNode reason = node.putObject("reason");
            reason.put("code", quote.refused().code());
            reason.put("message", quote.message());
            reason.put("param", quote.param().isEmpty() ? null : quote.param());
        }
        return node;
    }

    public static ObjectNode offers(long userId, List<Offer> offers, boolean more, long now) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "available_coupons");
        node.put("user_id", userId);
        node.put("currency", Discount.CURRENCY);
        Comparator<Offer> best = Comparator.comparing(
                        (Offer offer) -> offer.quote().refused() != null)
                .thenComparing(offer -> -offer.quote().amountMinor())
                .thenComparing(offer -> end(offer.coupon()))
                .thenComparing(offer -> offer.coupon().id().number());
        ArrayNode data = node.putArray("data");
        offers.stream().sorted(best).forEach(offer -> {
            ObjectNode one = coupon(offer.quote());
            one.set("coupon", Shapes.coupon(offer.coupon(), now));
            data.add(one);
        });
        node.put("more_not_looked_at", more);
        return node;
    }

    private static long end(CouponRow coupon) {
        Long end = coupon.validTo();
        return end == null ? Long.MAX_VALUE : end;
    }

    public static ObjectNode hold(HoldRow hold, long now) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "hold");
        node.put("id", hold.id().toString());
        node.put("user_id", hold.userId());
        node.put("order_no", hold.orderNo());
        node.put("status", hold.stateAt(now).name());
        node.put("held_at", time(hold.createdAt()));
        node.put("hold_until", time(hold.until()));
        node.put("currency", Discount.CURRENCY);
        ArrayNode coupons = node.putArray("coupons");
        for (CouponQuote coupon : hold.quote().coupons()) {
            coupons.addObject().put("coupon_id", coupon.id().toString()).put("amount_minor", coupon.amountMinor());
        }
        sums(node, hold.quote());
        return node;
    }

    public static ObjectNode released(HoldRow hold) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "hold");
        node.put("id", hold.id().toString());
        node.put("user_id", hold.userId());
        node.put("order_no", hold.orderNo());
        node.put("status", HoldRow.State.RELEASED.name());
        ArrayNode coupons = node.putArray("coupons");
        hold.quote().coupons().forEach(coupon -> coupons.add(coupon.id().toString()));
        return node;
    }

    public static ObjectNode refund(Refunded refunded) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "refund");
        node.put("refund_no", refunded.order().refundNo());
        node.put("redemption_id", refunded.redemption().id().toString());
        node.put("user_id", refunded.redemption().userId());
        node.put("order_no", refunded.redemption().orderNo());
        node.put("amount_minor", refunded.amountMinor());
        node.put("currency", Discount.CURRENCY);
        node.put("coupon_id", refunded.redemption().couponId().toString());
        node.put("coupon_restored", refunded.restored());
        node.put("coupon_status", refunded.couponStatus().name());
        node.put("refunded_at", time(refunded.at()));
        if (refunded.amountMinor() != refunded.redemption().amountMinor()) {
            node.put("refunded_minor", refunded.refundedMinor());
            node.put("redeemed_minor", refunded.redemption().amountMinor());
        }
        return node;
    }

    public static ObjectNode redemption(RedemptionRow redemption, List<RedemptionLine> lines, List<RefundRow> refunds) {
        ObjectNode node = redemption(redemption);
        node.put(
                "refunded_minor",
                refunds.stream().mapToLong(RefundRow::amountMinor).sum());
        ArrayNode shown = node.putArray("lines");
        for (RedemptionLine line : lines) {
            ObjectNode one = shown.addObject();
            one.put("line", line.line());
            one.put("product_id", line.product().id());
            one.put("goods_sn", line.product().goodsSn());
            one.put("category_id", line.product().category());
            one.put("quantity", line.quantity());
            one.put("amount_minor", line.amountMinor());
            one.put("discount_minor", line.discountMinor());
            one.put("refund_no", line.refundNo());
        }
        ArrayNode taken = node.putArray("refunds");
        for (RefundRow refund : refunds) {
            taken.addObject()
                    .put("refund_no", refund.refundNo())
                    .put("amount_minor", refund.amountMinor())
                    .put("refunded_at", time(refund.createdAt()));
        }
        return node;
    }

    private static ObjectNode redemption(RedemptionRow redemption) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "redemption");
        node.put("id", redemption.id().toString());
        node.put("user_id", redemption.userId());
        node.put("order_no", redemption.orderNo());
        node.put("coupon_id", redemption.couponId().toString());
        node.put("amount_minor", redemption.amountMinor());
        node.put("currency", Discount.CURRENCY);
        node.put("refund_status", redemption.refunded() ? "WHOLE" : redemption.refundNo() == null ? "NONE" : "PART");
        node.put("redeemed_at", time(redemption.createdAt()));
        return node;
    }

    public static ObjectNode redemptions(List<RedemptionRow> redemptions, boolean more) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "list");
        ArrayNode data = node.putArray("data");
        redemptions.forEach(redemption -> data.add(redemption(redemption)));
        node.put("has_more", more);
        node.put(
                "next_cursor",
                more ? redemptions.get(redemptions.size() - 1).id().toString() : null);
        return node;
    }

    public static ObjectNode voided(VoidOrder order, CouponRow coupon, long now) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "coupon_void");
        node.put("coupon_id", coupon.id().toString());
        node.put("user_id", coupon.userId());
        node.put("status", coupon.statusAt(now).name());
        node.put("operator", order.operator());
        node.put("reason", order.reason());
        node.put("voided_at", time(now));
        return node;
    }

    /** RFC 3339 in UTC, without a fraction where there is none. */
    private static @Nullable String time(@Nullable Long epochMillis) {
        return epochMillis == null ? null : Instant.ofEpochMilli(epochMillis).toString();
    }
}
