package dev.cutover.coupon.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.cutover.coupon.audit.Operator;
import dev.cutover.coupon.claim.ClaimLimits;
import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.store.CouponFilter;
import dev.cutover.coupon.store.CouponStatus;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.wallet.Wallet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** The coupon API: reads a request, asks the room whose job it is, shapes the answer. Blocks; safe for many threads. */
final class CouponApi {
    private static final int MOST_IDS = 100;

    private final Claims claims;
    private final Wallet wallet;

    CouponApi(Claims claims, Wallet wallet) {
        this.claims = claims;
        this.wallet = wallet;
    }

    ApiAnswer claim(ApiRequest request) {
        String key = request.idempotencyKey();
        RequestBody body = request.body().allow("user_id", "items", "mode", "context", "channel", "partner_id");
        long userId = body.integer("user_id", 1, ApiRequest.MOST_USER_ID);
        Claims.Mode mode = Claims.Mode.ALL;
        if (body.has("mode")) {
            mode = switch (body.text("mode")) {
                case "all" -> Claims.Mode.ALL;
                case "partial" -> Claims.Mode.PARTIAL;
                default -> throw ApiException.invalid("mode", "'all' or 'partial'");
            };
        }
        return ApiAnswer.created(claims.claim(
                userId,
                wanted(body.children("items"), claims.limits().now()),
                mode,
                key,
                CircumstancesFields.read(request, body)));
    }

    // What no claim has ever been for is refused here, whatever the limit of the moment is.
    private static List<Claims.Wanted> wanted(List<RequestBody> items, ClaimLimits.Limit limit) {
        if (items.size() > Claims.MOST_TEMPLATES) {
            throw limit.tooWide(items.size());
        }
        Map<TemplateId, Claims.Wanted> wanted = new LinkedHashMap<>();
        long coupons = 0;
        for (int i = 0; i < items.size(); i++) {
            String path = "items[" + i + "]";
            RequestBody item = items.get(i).allow("template_id", "quantity");
            String template = item.text("template_id");
            TemplateId id = TemplateId.parse(template)
                    .orElseThrow(() -> new Refusal(
                            Reason.TEMPLATE_NOT_FOUND,
                            path + ".template_id",
                            "There is no template '" + template + "'."));
            long quantity =
                    item.optionalInteger("quantity", 1, Integer.MAX_VALUE).orElse(1);
            coupons += quantity;
            if (coupons > Claims.MOST_COUPONS) {
                throw limit.tooMany(i, coupons);
            }
            if (wanted.put(id, new Claims.Wanted(id, (int) quantity)) != null) {
                throw ApiException.invalid(
                        path + ".template_id", "each template once: ask for a larger quantity of " + id);
            }
        }
        return List.copyOf(wanted.values());
    }

    ApiAnswer limits(ApiRequest request) {
        request.allowQuery();
        return shape(claims.limits().now());
    }

    /** What one claim may ask for, changed for all instances. */
    ApiAnswer limit(ApiRequest request) {
        Operator operator = request.operator();
        RequestBody body = request.body().allow("coupons", "templates");
        return shape(claims.limits()
                .change(
                        new ClaimLimits.Limit((int) body.integer("coupons", 1, Claims.MOST_COUPONS), (int)
                                body.integer("templates", 1, Claims.MOST_TEMPLATES)),
                        operator));
    }

    private static ApiAnswer shape(ClaimLimits.Limit limit) {
        return ApiAnswer.ok(JsonNodeFactory.instance
                .objectNode()
                .put("object", "claim_limit")
                .put("coupons", limit.coupons())
                .put("templates", limit.templates()));
    }

    ApiAnswer findClaim(ApiRequest request) {
        request.allowQuery("user_id");
        String key = request.keptKey("request_no", request.path("request_no"));
        long userId = ApiRequest.userId(
                "user_id", request.query("user_id").orElseThrow(() -> ApiException.missing("user_id")));
        return claims.find(userId, key)
                .map(ApiAnswer::recorded)
                .orElseThrow(() -> new Refusal(
                        Reason.CLAIM_NOT_FOUND,
                        "request_no",
                        "User " + userId + " has claimed nothing under '" + request.path("request_no") + "'."));
    }

    ApiAnswer page(ApiRequest request) {
        request.allowQuery("limit", "starting_after", "status", "kind", "template_id");
        long userId = ApiRequest.userId("user_id", request.path("user_id"));
        int limit = request.limit();
        Optional<CouponId> after = request.startingAfter(
                text -> CouponId.parse(text).filter(id -> wallet.mayHold(userId, id)),
                "the id of a coupon of this user");
        return ApiAnswer.ok(wallet.page(
                userId,
                limit,
                after,
                new CouponFilter(
                        request.query("status").map(CouponApi::status),
                        request.query("kind").map(CouponApi::kind).orElse(OptionalInt.empty()),
                        request.query("template_id").map(CouponApi::template)),
                request.tenant().visible()));
    }

    private static OptionalInt kind(String text) {
        int kind = Discount.KINDS.indexOf(text);
        if (kind < 0) {
            throw ApiException.invalid("kind", "one of " + Discount.KINDS);
        }
        return OptionalInt.of(kind + 1);
    }

    private static TemplateId template(String text) {
        return TemplateId.parse(text).orElseThrow(() -> ApiException.invalid("template_id", "the id of a template"));
    }

    private static CouponStatus status(String text) {
        return Arrays.stream(CouponStatus.values())
                .filter(status -> status.name().equals(text))
                .findFirst()
                .orElseThrow(() -> ApiException.invalid("status", "one of " + Arrays.toString(CouponStatus.values())));
    }

    ApiAnswer coupon(ApiRequest request) {
        request.allowQuery();
        String text = request.path("id");
        CouponId id = CouponId.parse(text)
                .orElseThrow(() -> new Refusal(Reason.COUPON_NOT_FOUND, "id", "There is no coupon '" + text + "'."));
        return ApiAnswer.ok(wallet.coupon(id));
    }

    /** Of several coupons those that are there for the caller. */
    ApiAnswer coupons(ApiRequest request) {
        List<String> texts = request.body().allow("ids").texts("ids");
        if (texts.size() > MOST_IDS) {
            throw ApiException.tooMany(
                    "ids", MOST_IDS, "At most " + MOST_IDS + " coupons at once, not " + texts.size() + ".");
        }
        List<CouponId> ids = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            String path = "ids[" + i + "]";
            ids.add(CouponId.parse(texts.get(i)).orElseThrow(() -> ApiException.invalid(path, "the id of a coupon")));
        }
        return ApiAnswer.ok(wallet.coupons(ids, request.tenant().visible()));
    }
}
