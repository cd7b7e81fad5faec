package dev.cutover.coupon.http;

import dev.cutover.coupon.claim.Claims;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.redeem.Redemptions;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.store.CouponStatus;
import dev.cutover.coupon.template.Discount;
import dev.cutover.coupon.wallet.Wallet;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** The coupon API: reads a request, asks the room whose job it is, shapes the answer. Blocks; safe for many threads. */
final class CouponApi {
    private static final int USUAL_PAGE = 20;
    private static final int LONGEST_PAGE = 100;
    // An order of more than a hundred million yuan is a typing error, and its percentages still fit a long.
    private static final long MOST_ORDER_MINOR = 10_000_000_000L;
    // What both of the mall's order columns can hold, in every charset.
    private static final Pattern PAGE_LENGTH = Pattern.compile("[1-9][0-9]{0,2}");
    private static final Pattern NUMBER_TEXT = Pattern.compile("[A-Za-z0-9._:-]{1,63}");
    private static final String NUMBER_TEXT_EXPECTED = "1 to 63 letters, digits, '.', '_', ':' and '-'";

    private final Claims claims;
    private final Redemptions redemptions;
    private final Wallet wallet;

    CouponApi(Claims claims, Redemptions redemptions, Wallet wallet) {
        this.claims = claims;
        this.redemptions = redemptions;
        this.wallet = wallet;
    }

    ApiAnswer claim(ApiRequest request) {
        String key = request.idempotencyKey();
        RequestBody body = request.body().allow("user_id", "items", "mode");
        long userId = body.integer("user_id", 1, ApiRequest.MOST_USER_ID);
        Claims.Mode mode = Claims.Mode.ALL;
        if (body.has("mode")) {
            mode = switch (body.text("mode")) {
                case "all" -> Claims.Mode.ALL;
                case "partial" -> Claims.Mode.PARTIAL;
                default -> throw ApiException.invalid("mode", "'all' or 'partial'");
            };
        }
        return ApiAnswer.created(claims.claim(userId, wanted(body.children("items")), mode, key));
    }

    private static List<Claims.Wanted> wanted(List<RequestBody> items) {
        if (items.size() > Claims.MOST_TEMPLATES) {
            throw new ApiException(
                    ApiError.BATCH_LIMIT_EXCEEDED,
                    "items",
                    "One claim is for at most " + Claims.MOST_TEMPLATES + " templates, not " + items.size() + ".");
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
                throw new ApiException(
                        ApiError.BATCH_LIMIT_EXCEEDED,
                        path + ".quantity",
                        "One claim is for at most " + Claims.MOST_COUPONS + " coupons in all, not " + coupons + ".");
            }
            if (wanted.put(id, new Claims.Wanted(id, (int) quantity)) != null) {
                throw ApiException.invalid(
                        path + ".template_id", "each template once: ask for a larger quantity of " + id);
            }
        }
        return List.copyOf(wanted.values());
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

    private static int limit(String text) {
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

    ApiAnswer redeem(ApiRequest request) {
        String key = request.idempotencyKey();
        RequestBody body = request.body().allow("user_id", "order_no", "coupon_ids", "order");
        long userId = body.integer("user_id", 1, ApiRequest.MOST_USER_ID);
        String orderNo = body.text("order_no", NUMBER_TEXT, NUMBER_TEXT_EXPECTED);
        List<String> texts = body.texts("coupon_ids");
        if (texts.size() > Redemptions.MOST_COUPONS) {
            throw new ApiException(
                    ApiError.BATCH_LIMIT_EXCEEDED,
                    "coupon_ids",
                    "One order uses at most " + Redemptions.MOST_COUPONS + " coupons, not " + texts.size() + ".");
        }
        if (new HashSet<>(texts).size() < texts.size()) {
            throw ApiException.invalid("coupon_ids", "a list without repetitions");
        }
        List<CouponId> coupons = texts.stream()
                .map(text -> CouponId.parse(text)
                        .orElseThrow(() -> new Refusal(
                                Reason.COUPON_NOT_FOUND, "coupon_ids", "There is no coupon '" + text + "'.")))
                .toList();
        OptionalLong orderMinor = OptionalLong.empty();
        if (body.has("order")) {
            RequestBody order = body.child("order").allow("amount_minor", "currency");
            if (order.has("currency") && !order.text("currency").equals(Discount.CURRENCY)) {
                throw new ApiException(
                        ApiError.CURRENCY_MISMATCH,
                        "order.currency",
                        "Coupons are in " + Discount.CURRENCY + ", not in '" + order.text("currency") + "'.");
            }
            orderMinor = OptionalLong.of(order.integer("amount_minor", 0, MOST_ORDER_MINOR));
        }
        return ApiAnswer.created(redemptions.redeem(userId, orderNo, coupons, orderMinor, key));
    }

    ApiAnswer refund(ApiRequest request) {
        String key = request.idempotencyKey();
        String text = request.path("id");
        RequestBody body = request.body().allow("user_id", "refund_no");
        OptionalLong owner = body.optionalInteger("user_id", 1, ApiRequest.MOST_USER_ID);
        String refundNo = body.text("refund_no", NUMBER_TEXT, NUMBER_TEXT_EXPECTED);
        RedemptionId id = RedemptionId.parse(text)
                .orElseThrow(
                        () -> new Refusal(Reason.REDEMPTION_NOT_FOUND, "id", "There is no redemption '" + text + "'."));
        return ApiAnswer.created(redemptions.refund(id, owner, refundNo, key));
    }
}
