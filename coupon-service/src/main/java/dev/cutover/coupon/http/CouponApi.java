package dev.cutover.coupon.http;

import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.shape.Shapes;
import dev.cutover.coupon.store.CouponStatus;
import dev.cutover.coupon.template.TemplateCatalog;
import dev.cutover.coupon.wallet.Wallet;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The coupon API: reads a request, asks the room whose job it is, shapes the answer. Blocks; safe for many threads. */
final class CouponApi {
    static final int USUAL_PAGE = 20;
    private static final int LONGEST_PAGE = 100;
    private static final Pattern PAGE_LENGTH = Pattern.compile("[1-9][0-9]{0,2}");

    private final TemplateCatalog templates;
    private final Claims claims;
    private final Wallet wallet;

    CouponApi(TemplateCatalog templates, Claims claims, Wallet wallet) {
        this.templates = templates;
        this.claims = claims;
        this.wallet = wallet;
    }

    ApiAnswer template(ApiRequest request) {
        request.allowQuery();
        String text = request.path("id");
        TemplateId id = TemplateId.parse(text)
                .orElseThrow(
                        () -> new Refusal(Reason.TEMPLATE_NOT_FOUND, "id", "There is no template '" + text + "'."));
        return ApiAnswer.ok(Shapes.template(templates.require(id, "id")));
    }

    ApiAnswer claim(ApiRequest request) {
        String key = request.idempotencyKey();
        RequestBody body = request.body().allow("user_id", "items", "mode");
        long userId = body.integer("user_id", 1, ApiRequest.MOST_USER_ID);
        if (body.has("mode") && !body.text("mode").equals("all")) {
            throw ApiException.invalid("mode", "'all', the only mode there is");
        }
        List<RequestBody> items = body.children("items");
        if (items.size() > 1) {
            throw new ApiException(
                    ApiError.BATCH_LIMIT_EXCEEDED,
                    "items",
                    "A claim is for one template: send one item with a quantity of up to " + Claims.MOST_COUPONS + ".");
        }
        RequestBody item = items.get(0).allow("template_id", "quantity");
        String template = item.text("template_id");
        TemplateId id = TemplateId.parse(template)
                .orElseThrow(() -> new Refusal(
                        Reason.TEMPLATE_NOT_FOUND, "items[0].template_id", "There is no template '" + template + "'."));
        long quantity = item.optionalInteger("quantity", 1, Integer.MAX_VALUE).orElse(1);
        if (quantity > Claims.MOST_COUPONS) {
            throw new ApiException(
                    ApiError.BATCH_LIMIT_EXCEEDED,
                    "items[0].quantity",
                    "One claim is for at most " + Claims.MOST_COUPONS + " coupons, not " + quantity + ".");
        }
        return ApiAnswer.created(claims.claim(userId, id, (int) quantity, key));
    }

    ApiAnswer findClaim(ApiRequest request) {
        request.allowQuery("user_id");
        String key = ApiRequest.key("request_no", request.path("request_no"));
        long userId = ApiRequest.userId(
                "user_id", request.query("user_id").orElseThrow(() -> ApiException.missing("user_id")));
        return claims.find(userId, key)
                .map(ApiAnswer::recorded)
                .orElseThrow(() -> new Refusal(
                        Reason.CLAIM_NOT_FOUND,
                        "request_no",
                        "User " + userId + " has claimed nothing under '" + key + "'."));
    }

    ApiAnswer page(ApiRequest request) {
        request.allowQuery("limit", "starting_after", "status");
        long userId = ApiRequest.userId("user_id", request.path("user_id"));
        int limit = request.query("limit").map(CouponApi::limit).orElse(USUAL_PAGE);
        Optional<CouponId> after = request.query("starting_after")
                .map(text -> CouponId.parse(text)
                        .filter(id -> wallet.mayHold(userId, id))
                        .orElseThrow(() -> new ApiException(
                                ApiError.CURSOR_INVALID,
                                "starting_after",
                                "'" + text + "' is not the id of a coupon of this user.")));
        return ApiAnswer.ok(
                wallet.page(userId, limit, after, request.query("status").map(CouponApi::status)));
    }

    static int limit(String text) {
        if (!PAGE_LENGTH.matcher(text).matches() || Integer.parseInt(text) > LONGEST_PAGE) {
            throw ApiException.invalid("limit", "a number from 1 to " + LONGEST_PAGE);
        }
        return Integer.parseInt(text);
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
}
