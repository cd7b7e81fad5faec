package dev.cutover.coupon.http;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.redeem.Redemptions;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The routes of the use of coupons: validations, offers, redemptions, refunds, recalls. Blocks; safe for many threads. */
final class UseApi {
    private final Redemptions redemptions;

    UseApi(Redemptions redemptions) {
        this.redemptions = redemptions;
    }

    ApiAnswer validate(ApiRequest request) {
        RequestBody body = request.body().allow("user_id", "order", "coupons");
        long userId = body.integer("user_id", 1, ApiRequest.MOST_USER_ID);
        return ApiAnswer.ok(
                redemptions.validate(userId, OrderFields.coupons(body, "coupons"), OrderFields.cart(body, "order")));
    }

    ApiAnswer offers(ApiRequest request) {
        RequestBody body = request.body().allow("user_id", "cart");
        long userId = body.integer("user_id", 1, ApiRequest.MOST_USER_ID);
        return ApiAnswer.ok(redemptions.offers(
                userId, OrderFields.cart(body, "cart"), request.tenant().visible()));
    }

    ApiAnswer redeem(ApiRequest request) {
        String key = request.idempotencyKey();
        RequestBody body = request.body().allow("user_id", "order_no", "coupon_ids", "order", "channel", "partner_id");
        long userId = body.integer("user_id", 1, ApiRequest.MOST_USER_ID);
        String orderNo = OrderFields.number(body, "order_no");
        List<CouponId> coupons = OrderFields.coupons(body, "coupon_ids");
        Cart cart = OrderFields.cart(body, "order").via(CircumstancesFields.via(body));
        return ApiAnswer.created(redemptions.redeem(userId, orderNo, coupons, cart, key));
    }

    ApiAnswer redemption(ApiRequest request) {
        request.allowQuery();
        return ApiAnswer.ok(redemptions.get(redemptionId(request)));
    }

    ApiAnswer redemptions(ApiRequest request) {
        request.allowQuery("limit", "starting_after");
        long userId = ApiRequest.userId("user_id", request.path("user_id"));
        int limit = request.limit();
        Optional<RedemptionId> after = request.startingAfter(
                text -> RedemptionId.parse(text).filter(id -> redemptions.mayHold(userId, id)),
                "the id of a redemption of this user");
        return ApiAnswer.ok(redemptions.page(userId, limit, after, request::owns));
    }

    ApiAnswer refund(ApiRequest request) {
        String key = request.idempotencyKey();
        RequestBody body = request.body().allow("user_id", "refund_no", "amount_minor", "lines");
        OptionalLong owner = body.optionalInteger("user_id", 1, ApiRequest.MOST_USER_ID);
        String refundNo = OrderFields.number(body, "refund_no");
        OptionalLong amount = body.optionalInteger("amount_minor", 1, Cart.MOST_MINOR);
        List<Integer> lines = body.has("lines") ? lines(body) : Redemptions.NO_LINES;
        if (amount.isPresent() && !lines.isEmpty()) {
            throw ApiException.invalid("amount_minor", "for a refund of lines, whose shares say the amount");
        }
        return ApiAnswer.created(redemptions.refund(redemptionId(request), owner, refundNo, amount, lines, key));
    }

    private static List<Integer> lines(RequestBody body) {
        List<Integer> lines = body.integers("lines", 0, Cart.MOST_LINES - 1);
        if (lines.stream().distinct().count() < lines.size()) {
            throw ApiException.invalid("lines", "a list without repetitions");
        }
        return lines;
    }

    private static RedemptionId redemptionId(ApiRequest request) {
        String text = request.path("id");
        return RedemptionId.parse(text)
                .orElseThrow(
                        () -> new Refusal(Reason.REDEMPTION_NOT_FOUND, "id", "There is no redemption '" + text + "'."));
    }

    ApiAnswer voidCoupon(ApiRequest request) {
        String key = request.idempotencyKey();
        String operator = request.operator().name();
        RequestBody body = request.body().allow("reason");
        String reason = body.reason();
        String text = request.path("id");
        CouponId id = CouponId.parse(text)
                .orElseThrow(() -> new Refusal(Reason.COUPON_NOT_FOUND, "id", "There is no coupon '" + text + "'."));
        return ApiAnswer.created(redemptions.voidCoupon(id, operator, reason, key));
    }
}
