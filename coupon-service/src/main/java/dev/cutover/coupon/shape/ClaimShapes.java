package dev.cutover.coupon.shape;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.store.ClaimOrder;
import dev.cutover.coupon.store.Claimed;
import dev.cutover.coupon.store.CouponStatus;
import java.util.Map;

/**
 * The answer to a claim.
 *
 * <p>It is recorded under the claim's key and has to fit 4,000 characters: a claim of one template says once what all its coupons share,
 * a claim of several leaves the discounts to the coupons themselves.
 */
public final class ClaimShapes {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private ClaimShapes() {}

    /**
     * What was claimed and what was not.
     *
     * @param whole all that was asked for
     * @param refused why the others were not given, by the number of their item
     */
    public static ObjectNode claim(Claimed claimed, ClaimOrder whole, Map<Integer, Refusal> refused, String requestNo) {
        ObjectNode node = JSON.objectNode();
        node.put("object", "claim");
        node.put("request_no", requestNo);
        node.put("user_id", whole.userId());
        if (whole.items().size() == 1) {
            Claimed.Item only = claimed.items().get(0);
            node.put("template_id", only.asked().template().toString());
            node.put("claimed_at", Shapes.time(claimed.at()));
            node.put("valid_from", Shapes.time(only.validity().from()));
            node.put("valid_to", Shapes.time(only.validity().to()));
            node.set("discount", Shapes.discount(only.template().discount()));
        } else {
            node.put("claimed_at", Shapes.time(claimed.at()));
            items(node.putArray("items"), claimed, whole, refused);
        }
        ArrayNode coupons = node.putArray("coupons");
        for (Claimed.Item item : claimed.items()) {
            for (int i = 0; i < item.coupons().size(); i++) {
                ObjectNode coupon = coupons.addObject();
                coupon.put("id", item.coupons().get(i).toString());
                coupon.put("template_id", item.asked().template().toString());
                coupon.put("coupon_sn", item.asked().couponSns().get(i));
                coupon.put("status", CouponStatus.AVAILABLE.name());
            }
        }
        return node;
    }

    private static void items(ArrayNode items, Claimed claimed, ClaimOrder whole, Map<Integer, Refusal> refused) {
        for (ClaimOrder.Item asked : whole.items()) {
            ObjectNode item = items.addObject();
            item.put("template_id", asked.template().toString());
            item.put("quantity", asked.quantity());
            Refusal refusal = refused.get(asked.number());
            if (refusal != null) {
                item.put("refused", refusal.reason().code());
                continue;
            }
            claimed.items().stream()
                    .filter(granted -> granted.asked().number() == asked.number())
                    .forEach(granted -> {
                        item.put("valid_from", Shapes.time(granted.validity().from()));
                        item.put("valid_to", Shapes.time(granted.validity().to()));
                    });
        }
    }
}
