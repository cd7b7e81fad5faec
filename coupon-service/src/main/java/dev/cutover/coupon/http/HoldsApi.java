package dev.cutover.coupon.http;

import dev.cutover.coupon.hold.Holds;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/** The routes of holds. Blocks; safe for many threads. */
final class HoldsApi {
    private final Holds holds;

    HoldsApi(Holds holds) {
        this.holds = holds;
    }

    ApiAnswer hold(ApiRequest request) {
        String key = request.idempotencyKey();
        RequestBody body = request.body()
                .allow("user_id", "order_no", "coupon_ids", "ttl_seconds", "order", "channel", "partner_id");
        long userId = body.integer("user_id", 1, ApiRequest.MOST_USER_ID);
        String orderNo = OrderFields.number(body, "order_no");
        List<CouponId> coupons = OrderFields.coupons(body, "coupon_ids");
        Cart cart = OrderFields.cart(body, "order").via(CircumstancesFields.via(body));
        Duration ttl = Duration.ofSeconds(body.optionalInteger("ttl_seconds", 1, Holds.LONGEST_TTL.toSeconds())
                .orElse(Holds.USUAL_TTL.toSeconds()));
        return ApiAnswer.created(holds.hold(userId, orderNo, coupons, cart, ttl, key));
    }

    ApiAnswer get(ApiRequest request) {
        request.allowQuery();
        return ApiAnswer.ok(holds.get(id(request)));
    }

    ApiAnswer confirm(ApiRequest request) {
        String key = request.idempotencyKey();
        return ApiAnswer.created(holds.confirm(id(request), owner(request), key));
    }

    ApiAnswer release(ApiRequest request) {
        String key = request.idempotencyKey();
        request.allowQuery("user_id");
        OptionalLong owner = request.query("user_id")
                .map(text -> OptionalLong.of(ApiRequest.userId("user_id", text)))
                .orElse(OptionalLong.empty());
        // A client that repeats a DELETE is told the same.
        return ApiAnswer.recorded(holds.release(id(request), owner, key));
    }

    private static OptionalLong owner(ApiRequest request) {
        return request.hasBody()
                ? request.body().allow("user_id").optionalInteger("user_id", 1, ApiRequest.MOST_USER_ID)
                : OptionalLong.empty();
    }

    private static HoldId id(ApiRequest request) {
        String text = request.path("id");
        return HoldId.parse(text)
                .orElseThrow(() -> new Refusal(Reason.HOLD_NOT_FOUND, "id", "There is no hold '" + text + "'."));
    }
}
