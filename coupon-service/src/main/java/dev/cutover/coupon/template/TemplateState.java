package dev.cutover.coupon.template;

/** Where a template stands in its life. */
public enum TemplateState {
    DRAFT(0),
    PUBLISHED(1),
    PAUSED(2),
    ENDED(3),
    ARCHIVED(4),
    /** On the way from DRAFT to PUBLISHED: the stock is being cut into the shard databases. */
    PUBLISHING(5);

    private final int code;

    TemplateState(int code) {
        this.code = code;
    }

    /** The value of {@code coupon_template.status}. */
    public int code() {
        return code;
    }

    public static TemplateState ofCode(int code) {
        for (TemplateState state : values()) {
            if (state.code == code) {
                return state;
            }
        }
        throw new IllegalArgumentException("coupon_template.status is " + code + ": known are 0 to 5.");
    }
}
