package dev.cutover.coupon.store;

import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.operation.Operation;

/** A hold that is to be confirmed or released. */
public record HoldAct(Operation operation, HoldId id) {
    public long userId() {
        return operation.userId();
    }
}
