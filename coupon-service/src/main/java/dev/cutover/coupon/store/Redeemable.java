package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.refusal.Refusal;
import dev.cutover.coupon.refusal.Refusal.Reason;
import dev.cutover.coupon.template.Discount;
import java.util.Optional;

/** Which coupons can be spent and which redemptions taken back, the same on both sides. */
final class Redeemable {
    private Redeemable() {}

    /** The coupon, if this user can spend it at {@code now}. A stranger's coupon looks like one that nobody has. */
    static CouponRow require(CouponId id, Optional<CouponRow> found, long userId, long now) {
        CouponRow coupon = requireUnused(id, found, userId, now);
        if (coupon.validFrom() != null && now < coupon.validFrom()) {
            throw new Refusal(Reason.COUPON_NOT_STARTED, "coupon_ids", "Coupon " + id + " cannot be used yet.");
        }
        return coupon;
    }

    /** The coupon, if it is this user's, unused and free, also before its time. */
    static CouponRow requireUnused(CouponId id, Optional<CouponRow> found, long userId, long now) {
        CouponRow coupon = found.filter(
                        row -> row.userId() == userId && row.id().equals(id))
                .orElseThrow(
                        () -> new Refusal(Reason.COUPON_NOT_FOUND, "coupon_ids", "There is no coupon " + id + "."));
        switch (coupon.statusAt(now)) {
            case USED ->
                throw new Refusal(Reason.COUPON_ALREADY_USED, "coupon_ids", "Coupon " + id + " has been used.");
            case EXPIRED -> throw new Refusal(Reason.COUPON_EXPIRED, "coupon_ids", "Coupon " + id + " has expired.");
            case VOIDED ->
                throw new Refusal(Reason.COUPON_VOIDED, "coupon_ids", "Coupon " + id + " is no longer valid.");
            case HELD ->
                throw new Refusal(
                        Reason.COUPON_HELD,
                        "coupon_ids",
                        "Coupon " + id + " is held for an order until the hold ends.");
            case AVAILABLE -> {}
        }
        return coupon;
    }

    /** Why the conditional update found nothing, read again behind it. */
    static RuntimeException changedMeanwhile(CouponId id, Optional<CouponRow> found, long userId, long now) {
        CouponRow coupon = requireUnused(id, found, userId, now);
        return new Refusal(
                Reason.COUPON_ALREADY_USED,
                "coupon_ids",
                "Coupon " + id + " was being changed by somebody else and is now " + coupon.statusAt(now) + ".");
    }

    /** Why a hold did not find its coupon, read again behind it. */
    static Refusal notHeld(CouponId id, Optional<CouponRow> found, HoldRow hold, long now) {
        CouponStatus status = found.map(row -> row.statusAt(now)).orElse(CouponStatus.VOIDED);
        String nowIs = "Coupon " + id + " of hold " + hold.id() + " is " + status + " by now.";
        return switch (status) {
            case USED -> new Refusal(Reason.COUPON_ALREADY_USED, "id", nowIs);
            case VOIDED -> new Refusal(Reason.COUPON_VOIDED, "id", nowIs);
            case HELD -> new Refusal(Reason.HOLD_NOT_OWNER, "id", nowIs);
            case AVAILABLE, EXPIRED -> new Refusal(Reason.HOLD_EXPIRED, "id", nowIs);
        };
    }

    static Discount discount(CouponRow coupon) {
        Discount discount = coupon.discount();
        if (discount == null) {
            throw new Refusal(
                    Reason.COUPON_VOIDED,
                    "coupon_ids",
                    "Coupon " + coupon.id() + " is of a template that no longer exists.");
        }
        return discount;
    }

    static RedemptionRow requireOwned(Optional<RedemptionRow> found, RefundOrder order, int slot) {
        RedemptionRow redemption = found.filter(
                        row -> row.userId() == order.userId() && row.id().slot() == slot)
                .orElseThrow(() -> new Refusal(
                        Reason.REDEMPTION_NOT_FOUND, "id", "There is no redemption " + order.redemption() + "."));
        if (redemption.refunded()) {
            throw alreadyRefunded(order);
        }
        return redemption;
    }

    static Refusal alreadyRefunded(RefundOrder order) {
        return new Refusal(
                Reason.ALREADY_REFUNDED, "id", "Redemption " + order.redemption() + " has been refunded already.");
    }
}
