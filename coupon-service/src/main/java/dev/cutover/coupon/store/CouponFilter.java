package dev.cutover.coupon.store;

import dev.cutover.coupon.id.TemplateId;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which of a user's coupons are asked for; what says nothing takes all.
 *
 * @param status by what a client sees at the time of the request
 * @param kind as {@link dev.cutover.coupon.template.Discount#kind} has it
 */
public record CouponFilter(Optional<CouponStatus> status, OptionalInt kind, Optional<TemplateId> template) {
    /** Whether it takes this coupon, whatever its status. */
    public boolean takes(CouponRow row) {
        return (kind.isEmpty() || row.discount() != null && row.discount().kind() == kind.getAsInt())
                && (template.isEmpty() || template.get().equals(row.templateId()));
    }

    public static CouponFilter of(Optional<CouponStatus> status) {
        return new CouponFilter(status, OptionalInt.empty(), Optional.empty());
    }
}
