package dev.cutover.sandbox.mall;

/** What can be wrong with one row of mall_coupon_user, how often, and at least how often. */
enum Defect {
    MISSING_TEMPLATE(0.000_2, 4),
    MISSING_TEMPLATE_AND_UNKNOWN_STATUS(0, 2),
    UNMAPPED_TEMPLATE(0.000_5, 9),
    UNKNOWN_STATUS(0.000_1, 4),
    ZERO_END(0.000_3, 3),
    ZERO_START(0.000_1, 2),
    ZERO_USED(0.000_1, 2),
    CLAIMED_ONCE_TOO_OFTEN(0.001, 5),
    OVERSOLD(0, 9),
    USED_WITHOUT_ORDER(0.000_5, 3),
    TWO_COUPONS_ONE_ORDER(0.000_2, 3),
    ONE_COUPON_FIVE_ORDERS(0.000_05, 2),
    UNUSED_AFTER_ITS_END(0.01, 5),
    DELETED_TWO(0.000_1, 2),
    FOR_EVER(0.000_2, 2);

    private final double rate;
    private final int atLeast;

    Defect(double rate, int atLeast) {
        this.rate = rate;
        this.atLeast = atLeast;
    }

    /** How many of {@code rows} rows have it. */
    int among(int rows) {
        return Math.max(atLeast, (int) Math.round(rate * rows));
    }
}
