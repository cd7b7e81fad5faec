package dev.cutover.coupon.template;

/** What becomes of a coupon whose order is refunded. */
public enum RefundPolicy {
    /** It comes back, usable as long as it is valid; expired after that. */
    RESTORE_IF_VALID(1),
    /** It comes back usable, also when its time was over. */
    RESTORE(2),
    /** It comes back and is valid for some more days. */
    EXTEND(3),
    /** It does not come back. */
    NEVER(4);

    private final int code;

    RefundPolicy(int code) {
        this.code = code;
    }

    /** The value of {@code coupon_template.refund_policy}. */
    public int code() {
        return code;
    }

    public static RefundPolicy ofCode(int code) {
        for (RefundPolicy policy : values()) {
            if (policy.code == code) {
                return policy;
            }
        }
        throw new IllegalArgumentException("coupon_template.refund_policy is " + code + ": known are 1 to 4.");
    }
}
