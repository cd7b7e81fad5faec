package dev.cutover.coupon.id;

import java.util.Optional;

/**
 * One recall of issued coupons.
 *
 * @param number the value of {@code coupon_recall.recall_id}
 */
public record RecallId(long number) {
    public static Optional<RecallId> parse(String text) {
        return PrefixedNumber.parse("rcl_", text).map(RecallId::new);
    }

    /** What the ledger says the coupons of it were voided for. */
    public String businessNo() {
        return "RECALL-" + number;
    }

    @Override
    public String toString() {
        return "rcl_" + number;
    }
}
