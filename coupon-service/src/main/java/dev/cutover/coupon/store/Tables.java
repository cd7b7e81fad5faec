package dev.cutover.coupon.store;

/** The names the plan gives the tables that a unit writes. */
public final class Tables {
    public static final String COUPON = "user_coupon";
    public static final String REDEMPTION = "coupon_redemption";
    public static final String OPERATION = "coupon_operation";

    private static final String ARCHIVE = "user_coupon_archive";

    private Tables() {}

    /** The archive beside a physical table of coupons of NEW; both are quoted for SQL. */
    public static String archiveOf(String coupons) {
        return coupons.replace(COUPON, ARCHIVE);
    }
}
