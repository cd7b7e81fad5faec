package dev.cutover.coupon.id;

import java.util.Optional;

/**
 * One targeted issuance.
 *
 * @param number the value of {@code issuance_task.task_id}
 */
public record IssuanceId(long number) {
    public static Optional<IssuanceId> parse(String text) {
        return PrefixedNumber.parse("iss_", text).map(IssuanceId::new);
    }

    /** What each coupon of it has in its column {@code request_no}: with the user, and item 0, it makes the coupon one. */
    public String requestNo() {
        return "ISSUE-" + number;
    }

    @Override
    public String toString() {
        return "iss_" + number;
    }
}
