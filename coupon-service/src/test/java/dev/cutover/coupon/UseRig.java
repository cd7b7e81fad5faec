package dev.cutover.coupon;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Answer;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.OrderLine;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/** Claims, holds, uses and refunds through one instance, told by their ids, and what the rows say. */
record UseRig(SideUnderTest side, CouponRooms rooms) {
    static final Duration TTL = Duration.ofMinutes(10);

    /** An order that every coupon of the small mall is good for. */
    static final Cart ORDER = Cart.of(List.of(new OrderLine(new Product("p-1", null, null), 1, 100_000, 5_000)));

    /** What a coupon of the small mall takes off. */
    static final long SPARED = 500;

    static String key() {
        return UUID.randomUUID().toString();
    }

    UseRig through(CouponRooms other) {
        return new UseRig(side, other);
    }

    long user() {
        return side.mall().user();
    }

    CouponId coupon(long user) {
        return coupon(user, side.mall().template(1000, 0));
    }

    CouponId coupon(long user, long template) {
        JsonNode claim = StoreConformance.json(
                rooms.claims().claim(user, new TemplateId(template), 1, key()).json());
        return CouponId.parse(claim.path("coupons").get(0).path("id").asText()).orElseThrow();
    }

    HoldId hold(long user, String order, CouponId... coupons) {
        return hold(user, order, ORDER, coupons);
    }

    HoldId hold(long user, String order, Cart cart, CouponId... coupons) {
        return HoldId.parse(StoreConformance.json(rooms.holds()
                                .hold(user, order, List.of(coupons), cart, TTL, key())
                                .json())
                        .path("id")
                        .asText())
                .orElseThrow();
    }

    Answer holds(long user, String order, List<CouponId> coupons) {
        return rooms.holds().hold(user, order, coupons, ORDER, TTL, key());
    }

    Answer confirm(HoldId hold) {
        return rooms.holds().confirm(hold, OptionalLong.empty(), key());
    }

    Answer release(HoldId hold) {
        return rooms.holds().release(hold, OptionalLong.empty(), key());
    }

    RedemptionId redeem(long user, String order, CouponId coupon) {
        return redeem(user, order, coupon, ORDER);
    }

    RedemptionId redeem(long user, String order, CouponId coupon, Cart cart) {
        Answer answer = rooms.redemptions().redeem(user, order, List.of(coupon), cart, key());
        return RedemptionId.parse(StoreConformance.json(answer.json())
                        .path("redemptions")
                        .get(0)
                        .path("id")
                        .asText())
                .orElseThrow();
    }

    JsonNode refund(RedemptionId redemption, String refundNo, long amount) {
        return StoreConformance.json(rooms.redemptions()
                .refund(redemption, OptionalLong.empty(), refundNo, OptionalLong.of(amount), List.of(), key())
                .json());
    }

    JsonNode refundRest(RedemptionId redemption, String refundNo) {
        return StoreConformance.json(rooms.redemptions()
                .refund(redemption, OptionalLong.empty(), refundNo, key())
                .json());
    }

    String status(CouponId coupon) {
        return rooms.wallet().coupon(coupon).path("status").asText();
    }

    /** A number that the shard database of a slot tells; {@code {name}} stands for the physical table. */
    long number(int slot, String sql, Object... values) {
        return side.mall().number(database(slot), physical(slot, sql), values);
    }

    int execute(int slot, String sql, Object... values) {
        return side.mall().execute(database(slot), physical(slot, sql), values);
    }

    private DatabaseId database(int slot) {
        return DatabaseId.shard(side.mall().plan.layout().databaseOf(slot));
    }

    private String physical(int slot, String sql) {
        String text = sql;
        for (String name : List.of(
                "user_coupon_archive", "user_coupon", "coupon_redemption_line", "coupon_redemption", "coupon_refund")) {
            text = text.replace("{" + name + "}", side.mall().plan.layout().physicalTable(name, slot));
        }
        return text;
    }

    static Optional<Reason> refusal(Runnable call) {
        try {
            call.run();
            return Optional.empty();
        } catch (Refusal e) {
            return Optional.of(e.reason());
        }
    }
}
