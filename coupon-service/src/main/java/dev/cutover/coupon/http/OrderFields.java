package dev.cutover.coupon.http;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.OrderLine;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.redeem.Redemptions;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.template.Discount;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The fields in which requests name an order, its lines and coupons. */
final class OrderFields {
    // What both of the mall's order columns can hold, in every charset.
    private static final Pattern NUMBER_TEXT = Pattern.compile("[A-Za-z0-9._:-]{1,63}");
    private static final String NUMBER_TEXT_EXPECTED = "1 to 63 letters, digits, '.', '_', ':' and '-'";
    private static final Pattern PRODUCT_TEXT = Pattern.compile("[\\x21-\\x7E]{1,64}");
    private static final String PRODUCT_TEXT_EXPECTED = "1 to 64 printable characters without spaces";
    private static final int MOST_PIECES = 1_000_000;

    private OrderFields() {}

    /** An order or refund number. */
    static String number(RequestBody body, String field) {
        return body.text(field, NUMBER_TEXT, NUMBER_TEXT_EXPECTED);
    }

    static List<CouponId> coupons(RequestBody body, String field) {
        List<String> texts = body.texts(field);
        if (texts.size() > Redemptions.MOST_COUPONS) {
            throw ApiException.tooMany(
                    field,
                    Redemptions.MOST_COUPONS,
                    "One order uses at most " + Redemptions.MOST_COUPONS + " coupons, not " + texts.size() + ".");
        }
        if (new HashSet<>(texts).size() < texts.size()) {
            throw ApiException.invalid(field, "a list without repetitions");
        }
        return texts.stream()
                .map(text -> CouponId.parse(text)
                        .orElseThrow(() ->
                                new Refusal(Reason.COUPON_NOT_FOUND, field, "There is no coupon '" + text + "'.")))
                .toList();
    }

    /** The order in this field: its amount, or its lines, or nothing when there is none. */
    static Cart cart(RequestBody body, String field) {
        if (!body.has(field)) {
            return Cart.UNKNOWN;
        }
        RequestBody order = body.child(field).allow("amount_minor", "currency", "lines");
        if (order.has("currency") && !order.text("currency").equals(Discount.CURRENCY)) {
            throw new ApiException(
                    ApiError.CURRENCY_MISMATCH,
                    field + ".currency",
                    "Coupons are in " + Discount.CURRENCY + ", not in '" + order.text("currency") + "'.");
        }
        if (!order.has("lines")) {
            return Cart.of(OptionalLong.of(order.integer("amount_minor", 0, Cart.MOST_MINOR)));
        }
        Cart cart = lines(order.children("lines"), field + ".lines");
        OptionalLong told = order.optionalInteger("amount_minor", 0, Cart.MOST_MINOR);
        if (told.isPresent() && !told.equals(cart.amountMinor())) {
            throw ApiException.invalid(
                    field + ".amount_minor",
                    "what the lines come to, " + cart.amountMinor().getAsLong());
        }
        return cart;
    }

    private static Cart lines(List<RequestBody> bodies, String field) {
        if (bodies.size() > Cart.MOST_LINES) {
            throw ApiException.tooMany(
                    field,
                    Cart.MOST_LINES,
                    "An order has at most " + Cart.MOST_LINES + " lines, not " + bodies.size() + ".");
        }
        List<OrderLine> lines = new ArrayList<>();
        long sum = 0;
        for (RequestBody body : bodies) {
            body.allow("product_id", "goods_sn", "category_id", "quantity", "amount_minor", "freight_minor");
            if (!body.has("product_id") && !body.has("goods_sn")) {
                throw ApiException.missing(field + "[" + lines.size() + "].product_id");
            }
            long amount = body.integer("amount_minor", 0, Cart.MOST_MINOR);
            long freight =
                    body.optionalInteger("freight_minor", 0, Cart.MOST_MINOR).orElse(0);
            sum += amount + freight;
            lines.add(new OrderLine(
                    new Product(name(body, "product_id"), name(body, "goods_sn"), name(body, "category_id")),
                    (int) body.optionalInteger("quantity", 1, MOST_PIECES).orElse(1),
                    amount,
                    freight));
        }
        if (sum > Cart.MOST_MINOR) {
            throw ApiException.invalid(field, "a list that comes to at most " + Cart.MOST_MINOR);
        }
        return Cart.of(lines);
    }

    private static @Nullable String name(RequestBody body, String field) {
        return body.has(field) ? body.text(field, PRODUCT_TEXT, PRODUCT_TEXT_EXPECTED) : null;
    }
}
