package dev.cutover.coupon.store;

import dev.cutover.coupon.id.RedemptionId;
import dev.cutover.coupon.operation.Operation;
import java.util.List;
import java.util.OptionalLong;

/**
 * One use of a coupon, taken back whole or in part.
 *
 * @param amountMinor how much of what it took off; empty for what the lines say, or for all that is left
 * @param lines places of the order's lines that are taken back, from 0; empty for none in particular
 */
public record RefundOrder(
        Operation operation, RedemptionId redemption, String refundNo, OptionalLong amountMinor, List<Integer> lines) {
    public RefundOrder {
        lines = lines.stream().sorted().toList();
    }

    public long userId() {
        return operation.userId();
    }

    /** Whether it asks for less than everything. */
    public boolean partial() {
        return amountMinor.isPresent() || !lines.isEmpty();
    }
}
