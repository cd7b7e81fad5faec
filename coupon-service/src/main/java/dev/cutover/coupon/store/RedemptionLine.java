package dev.cutover.coupon.store;

import dev.cutover.coupon.pricing.Product;
import org.jspecify.annotations.Nullable;

/**
 * One line of an order that a coupon was good for.
 *
 * @param line its place in the order, from 0
 * @param amountMinor what it cost, or what its delivery did when the coupon is for freight
 * @param discountMinor what came off it
 * @param refundNo the refund that took it back, null for none
 */
public record RedemptionLine(
        int line,
        Product product,
        int quantity,
        long amountMinor,
        long discountMinor,
        @Nullable String refundNo) {}
