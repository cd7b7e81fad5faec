package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.detail.CouponKind;
import dev.cutover.coupon.detail.Detail;
import dev.cutover.coupon.detail.DetailKey;
import dev.cutover.coupon.detail.StoreCoupons;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.shape.Shapes;
import dev.cutover.coupon.shape.TemplateShapes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** The coupons on a store's page. Blocks no longer than a page may wait; safe for many threads. */
final class StoreCouponsApi {
    private final StoreCoupons coupons;

    StoreCouponsApi(StoreCoupons coupons) {
        this.coupons = coupons;
    }

    void register(Routes routes) {
        routes.post("/v1/store_coupons", this::page);
    }

    private ApiAnswer page(ApiRequest request) {
        request.allowQuery();
        RequestBody body = request.body().allow("store_id", "coupons");
        String store = body.text("store_id");
        if (!DetailKey.isStore(store)) {
            throw ApiException.invalid("store_id", "1 to 32 letters, digits, '.', '_' and '-'");
        }
        RequestBody byKind = body.child("coupons");
        byKind.allow(Arrays.stream(CouponKind.values()).map(Enum::name).toArray(String[]::new));
        Map<CouponKind, List<DetailKey>> wanted = new EnumMap<>(CouponKind.class);
        Predicate<TemplateId> visible = request.tenant().visible();
        int asked = 0;
        for (CouponKind kind : CouponKind.values()) {
            if (byKind.has(kind.name())) {
                List<DetailKey> keys = new ArrayList<>();
                for (RequestBody one : byKind.children(kind.name())) {
                    asked++;
                    DetailKey key = key(store, one);
                    if (visible.test(key.template())) {
                        keys.add(key);
                    }
                }
                wanted.put(kind, keys);
            }
        }
        if (asked == 0) {
            throw ApiException.missing("coupons");
        }
        if (asked > StoreCoupons.MOST) {
            throw ApiException.tooMany(
                    "coupons",
                    StoreCoupons.MOST,
                    "One page asks for at most " + StoreCoupons.MOST + " coupons, not " + asked + ".");
        }
        return ApiAnswer.ok(shape(store, wanted, coupons.page(wanted)));
    }

    private static DetailKey key(String store, RequestBody one) {
        one.allow("template_id", "product_id", "category_id");
        String template = one.text("template_id");
        return new DetailKey(
                TemplateId.parse(template)
                        .orElseThrow(() -> ApiException.invalid(one.path("template_id"), "the id of a template")),
                store,
                name(one, "product_id"),
                one.has("category_id") ? name(one, "category_id") : null);
    }

    /** The name of a product or a category. */
    static String name(RequestBody body, String field) {
        String name = body.text(field);
        if (!DetailKey.isName(name)) {
            throw ApiException.invalid(
                    body.path(field), "1 to " + DetailKey.LONGEST_NAME + " characters, not all of them blank");
        }
        return name;
    }

    private static ObjectNode shape(String store, Map<CouponKind, List<DetailKey>> wanted, StoreCoupons.Page page) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("object", "store_coupons");
        node.put("store_id", store);
        ObjectNode byKind = node.putObject("coupons");
        wanted.forEach((kind, keys) -> {
            ArrayNode list = byKind.putArray(kind.name());
            Map<DetailKey, Detail.Offer> offers = page.offers().getOrDefault(kind, Map.of());
            for (DetailKey key : keys) {
                Detail.Offer offer = offers.get(key);
                if (offer != null) {
                    list.add(shape(key, offer));
                }
            }
        });
        ArrayNode degraded = node.putArray("degraded");
        page.degraded().forEach(kind -> degraded.add(kind.name()));
        return node;
    }

    private static ObjectNode shape(DetailKey key, Detail.Offer offer) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("template_id", key.template().toString());
        node.put("product_id", key.product());
        node.put("name", offer.name());
        node.set("discount", Shapes.discount(offer.discount()));
        node.put("claim_from", Shapes.time(offer.claimFrom()));
        node.put("claim_to", Shapes.time(offer.claimTo()));
        ObjectNode validity = node.putObject("validity");
        validity.put("type", offer.validDays() == null ? "RANGE" : "DAYS");
        validity.put("days", offer.validDays());
        validity.put("valid_from", Shapes.time(offer.validFrom()));
        validity.put("valid_to", Shapes.time(offer.validTo()));
        node.set("metadata", TemplateShapes.metadata(offer.metadata()));
        return node;
    }
}
