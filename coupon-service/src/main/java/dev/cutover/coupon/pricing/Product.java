package dev.cutover.coupon.pricing;

import org.jspecify.annotations.Nullable;

/**
 * A product as an order names it: by its id, by its serial number, or by both, for the mall's lists have either.
 *
 * @param category null when the order does not tell it
 */
public record Product(
        @Nullable String id,
        @Nullable String goodsSn,
        @Nullable String category) {}
