package dev.cutover.coupon.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.operation.Channel;
import dev.cutover.coupon.pricing.Cart;
import dev.cutover.coupon.pricing.CouponQuote;
import dev.cutover.coupon.pricing.OrderLine;
import dev.cutover.coupon.pricing.Product;
import dev.cutover.coupon.pricing.Quote;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The text in which a hold keeps its order and amounts until it is confirmed. */
final class HoldText {
    private static final JsonMapper JSON = new JsonMapper();

    private HoldText() {}

    /** What was agreed: the order, what comes off it, and what was taken out of budgets for it. */
    record Agreed(Quote quote, BudgetShares reserved) {}

    static String of(Quote quote, BudgetShares reserved) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        quote.cart().amountMinor().ifPresent(amount -> node.put("amount", amount));
        Channel via = quote.cart().via();
        if (via.named()) {
            node.put("channel", via.name()).put("partner", via.partner());
        }
        ArrayNode lines = node.putArray("lines");
        for (OrderLine line : quote.cart().lines()) {
            ArrayNode one = lines.addArray();
            one.add(line.product().id())
                    .add(line.product().goodsSn())
                    .add(line.product().category());
            one.add(line.quantity()).add(line.amountMinor()).add(line.freightMinor());
        }
        ArrayNode coupons = node.putArray("coupons");
        for (CouponQuote coupon : quote.coupons()) {
            ObjectNode one = coupons.addObject();
            one.put("id", coupon.id().number());
            one.put("amount", coupon.amountMinor());
            one.put("freight", coupon.freight());
            ArrayNode shares = one.putArray("shares");
            coupon.shares().forEach(share -> shares.addArray().add(share.line()).add(share.amountMinor()));
        }
        if (!reserved.byTemplate().isEmpty()) {
            ObjectNode money = node.putObject("reserved");
            reserved.byTemplate().forEach((template, amount) -> money.put(Long.toString(template.number()), amount));
        }
        return node.toString();
    }

    static Agreed read(String text) {
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The text of a hold is not what a hold writes: " + text, e);
        }
        List<OrderLine> lines = new ArrayList<>();
        for (JsonNode line : node.path("lines")) {
            lines.add(new OrderLine(
                    new Product(name(line.get(0)), name(line.get(1)), name(line.get(2))),
                    line.get(3).intValue(),
                    line.get(4).longValue(),
                    line.get(5).longValue()));
        }
        List<CouponQuote> coupons = new ArrayList<>();
        for (JsonNode coupon : node.path("coupons")) {
            List<CouponQuote.Share> shares = new ArrayList<>();
            for (JsonNode share : coupon.path("shares")) {
                shares.add(new CouponQuote.Share(
                        share.get(0).intValue(), share.get(1).longValue()));
            }
            coupons.add(CouponQuote.usable(
                    new CouponId(coupon.path("id").longValue()),
                    coupon.path("amount").longValue(),
                    coupon.path("freight").booleanValue(),
                    shares));
        }
        OptionalLong amount =
                node.has("amount") ? OptionalLong.of(node.path("amount").longValue()) : OptionalLong.empty();
        Channel via = node.has("channel")
                ? new Channel(
                        node.path("channel").textValue(), node.path("partner").textValue())
                : Channel.NONE;
        Map<TemplateId, Long> reserved = new HashMap<>();
        node.path("reserved")
                .fields()
                .forEachRemaining(one -> reserved.put(
                        new TemplateId(Long.parseLong(one.getKey())),
                        one.getValue().longValue()));
        return new Agreed(new Quote(new Cart(amount, lines, via), coupons), BudgetShares.of(reserved));
    }

    private static @Nullable String name(JsonNode node) {
        return node.isNull() ? null : node.textValue();
    }
}
