package dev.cutover.coupon.shape;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.store.Claimed;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.store.CouponStatus;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.template.Template;
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

    public static ObjectNode template(Template template) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "template");
        node.put("id", template.id().toString());
        node.put("name", template.name());
        node.set("discount", discount(template.discount()));
        node.put("total_quantity", template.totalQuantity());
        node.put("per_user_limit", template.perUserLimit());
        ObjectNode validity = node.putObject("validity");
        validity.put("type", template.fixedRange() ? "RANGE" : "DAYS");
        validity.put("days", template.fixedRange() ? null : template.validDays());
        validity.put("valid_from", template.fixedRange() ? time(template.validFrom()) : null);
        validity.put("valid_to", template.fixedRange() ? time(template.validTo()) : null);
        node.put("scope", scope(template.scope()));
        node.put("status", template.state().name());
        node.put("created_at", time(template.createdAt()));
        return node;
    }

    private static String scope(int scope) {
        return switch (scope) {
            case 1 -> "CATEGORY";
            case 2 -> "WHITE_LIST";
            case 3 -> "BLACK_LIST";
            default -> "ALL";
        };
    }

    private static ObjectNode discount(Discount discount) {
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

    public static ObjectNode claim(Claimed claimed, String requestNo) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "claim");
        node.put("request_no", requestNo);
        node.put("user_id", claimed.order().userId());
        node.put("template_id", claimed.order().template().toString());
        node.put("claimed_at", time(claimed.at()));
        node.put("valid_from", time(claimed.validity().from()));
        node.put("valid_to", time(claimed.validity().to()));
        node.set("discount", discount(claimed.template().discount()));
        ArrayNode coupons = node.putArray("coupons");
        for (int i = 0; i < claimed.coupons().size(); i++) {
            ObjectNode coupon = coupons.addObject();
            coupon.put("id", claimed.coupons().get(i).toString());
            coupon.put("template_id", claimed.order().template().toString());
            coupon.put("coupon_sn", claimed.order().couponSns().get(i));
            coupon.put("status", CouponStatus.AVAILABLE.name());
        }
        return node;
    }

    /** RFC 3339 in UTC, without a fraction where there is none. */
    private static @Nullable String time(@Nullable Long epochMillis) {
        return epochMillis == null ? null : Instant.ofEpochMilli(epochMillis).toString();
    }
}
