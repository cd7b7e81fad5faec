package dev.cutover.coupon.detail;

import java.util.Optional;

/** Whose money a coupon is: the store's, that of its freight, or the mall's own. Their details are kept apart. */
public enum CouponKind {
    STORE("s"),
    FREIGHT("f"),
    RED_PACKET("r");

    private final String prefix;

    CouponKind(String prefix) {
        this.prefix = prefix;
    }

    /** The value of {@code coupon_template.kind}. */
    public int code() {
        return ordinal() + 1;
    }

    /** What its keys in Redis begin with. */
    public String prefix() {
        return prefix;
    }

    /** As somebody types it. */
    public static Optional<CouponKind> parse(String text) {
        for (CouponKind kind : values()) {
            if (kind.name().equals(text)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
