package dev.cutover.sandbox.load;

import java.time.Instant;
import java.util.List;

/**
 * A write the service said it had done.
 *
 * @param ids the coupons of a claim, the redemption of a redeem or refund
 * @param at when the answer was here
 */
public record Acknowledged(Operation operation, long user, List<String> ids, Instant at) {
    public Acknowledged {
        ids = List.copyOf(ids);
    }
}
