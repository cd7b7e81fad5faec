package dev.cutover.coupon.shape;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.template.Discount;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Turns values into the API's objects, always with the same fields in the same order.
 *
 * <p>What is recorded under an idempotency key has to fit 4,000 characters: the answer to a claim says once what all its coupons share.
 */
public final class Shapes {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private Shapes() {}

    public static ObjectNode discount(Discount discount) {
        ObjectNode node = JSON.objectNode();
        node.put("kind", discount.kindWord());
        node.put("type", discount.typeWord());
        node.put("amount_off_minor", discount.amountOffMinor());
        node.put("percent_off_bp", discount.percentOffBp());
        node.put("cap_minor", discount.capMinor());
        node.put("threshold_minor", discount.thresholdMinor());
        node.put("currency", Discount.CURRENCY);
        return node;
    }

    /** A coupon as it stands at {@code now}, epoch milliseconds. */
    public static ObjectNode coupon(CouponRow coupon, long now) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "coupon");
        node.put("id", coupon.id().toString());
        node.put("user_id", coupon.userId());
        node.put("template_id", coupon.templateId().toString());
        node.put("coupon_sn", coupon.couponSn());
        node.put("status", coupon.statusAt(now).name());
        node.put("valid_from", time(coupon.validFrom()));
        node.put("valid_to", time(coupon.validTo()));
        node.put("order_no", coupon.orderNo());
        node.put("used_at", time(coupon.usedAt()));
        node.put("claimed_at", time(coupon.createdAt()));
        Discount discount = coupon.discount();
        node.set("discount", discount == null ? JSON.nullNode() : discount(discount));
        return node;
    }

    /** RFC 3339 in UTC, without a fraction where there is none. */
    public static @Nullable String time(@Nullable Long epochMillis) {
        return epochMillis == null ? null : Instant.ofEpochMilli(epochMillis).toString();
    }
}
