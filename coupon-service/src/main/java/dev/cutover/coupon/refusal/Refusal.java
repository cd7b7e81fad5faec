package dev.cutover.coupon.refusal;

import java.util.Locale;

/** The business says no; nothing was changed, and the same request may be refused again. */
public final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why: the words of the API, in lower case. */
    public enum Reason {
        TEMPLATE_NOT_FOUND,
        COUPON_NOT_FOUND,
        CLAIM_NOT_FOUND,
        REDEMPTION_NOT_FOUND,
        CLAIM_NOT_STARTED,
        CLAIM_ENDED,
        SOLD_OUT,
        PER_USER_LIMIT_REACHED,
        COUPON_ALREADY_USED,
        COUPON_VOIDED,
        COUPON_NOT_STARTED,
        COUPON_EXPIRED,
        THRESHOLD_NOT_MET,
        ALREADY_REFUNDED,
        IDEMPOTENCY_KEY_REUSED,
        HOLD_NOT_FOUND,
        COUPON_HELD,
        HOLD_EXPIRED,
        HOLD_NOT_OWNER,
        PRODUCT_NOT_APPLICABLE,
        SUPER_BLACKLISTED,
        STACKING_CONFLICT,
        REFUND_EXCEEDS_REDEEMED,
        TEMPLATE_NOT_PUBLISHED,
        TEMPLATE_PAUSED,
        TEMPLATE_NOT_EDITABLE,
        VERSION_CONFLICT,
        STOCK_BELOW_ISSUED;

        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Reason reason;
    private final String param;

    public Refusal(Reason reason, String param, String message) {
        // No stack trace: a refusal is an answer, and a sold-out template gives many of them.
        super(message, null, false, false);
        this.reason = reason;
        this.param = param;
    }

    public Reason reason() {
        return reason;
    }

    /** The part of the request that was refused, empty for none. */
    public String param() {
        return param;
    }
}
