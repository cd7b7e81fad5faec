package dev.cutover.coupon.pricing;

/** Whether a coupon may take something off a product. */
public enum Eligibility {
    ELIGIBLE,
    NOT_APPLICABLE,
    SUPER_BLACKLISTED;

    private static final int ALL = 0;
    private static final int BLACK_LIST = 3;

    /**
     * The algebra of the lists: all, or all but the listed, or only the listed; and what is on the super blacklist never.
     *
     * @param scope 0 all, 1 category, 2 white list, 3 black list
     * @param listed whether the product, or for scope 1 its category, is on the template's list
     */
    public static Eligibility of(int scope, boolean listed, boolean superBlacklisted) {
        if (superBlacklisted) {
            return SUPER_BLACKLISTED;
        }
        boolean usable = switch (scope) {
            case ALL -> true;
            case BLACK_LIST -> !listed;
            default -> listed;
        };
        return usable ? ELIGIBLE : NOT_APPLICABLE;
    }
}
