package dev.cutover.coupon.store;

import org.jspecify.annotations.Nullable;

/**
 * Something that was taken back of a use.
 *
 * @param refundNo null only in old rows of the mall
 * @param createdAt null where only the mall's columns tell of it
 */
public record RefundRow(
        @Nullable String refundNo,
        long amountMinor,
        @Nullable Long createdAt) {}
