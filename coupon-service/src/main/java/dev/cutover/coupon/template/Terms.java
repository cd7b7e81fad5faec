package dev.cutover.coupon.template;

import org.jspecify.annotations.Nullable;

/**
 * What a template says beyond what the mall could say.
 *
 * @param version grows with every change of the template
 * @param ruleVersion the version of the rules, copied into each coupon that is issued under them
 * @param claimFrom epoch milliseconds of the first claim, null for none of its own
 * @param claimTo exclusive
 * @param dailyLimit how many one user may claim a day, null for no limit
 * @param discountCapMinor the most a percentage takes off, null for no cap
 * @param refundPolicy what becomes of a coupon whose order is refunded
 * @param extendDays only of {@link RefundPolicy#EXTEND}
 * @param stackGroup at most one coupon of a group an order, null for none
 * @param stackable whether another coupon may be used on the same order
 * @param audience for whom it is, an expression over tags, null for everybody
 * @param budgetMinor how much its coupons may take off in all, null for without end
 */
public record Terms(
        int version,
        int ruleVersion,
        @Nullable Long claimFrom,
        @Nullable Long claimTo,
        @Nullable Long dailyLimit,
        @Nullable Long discountCapMinor,
        RefundPolicy refundPolicy,
        @Nullable Long extendDays,
        @Nullable String stackGroup,
        boolean stackable,
        @Nullable String audience,
        @Nullable Long budgetMinor) {
    /** For everybody, and without a budget. */
    public Terms(
            int version,
            int ruleVersion,
            @Nullable Long claimFrom,
            @Nullable Long claimTo,
            @Nullable Long dailyLimit,
            @Nullable Long discountCapMinor,
            RefundPolicy refundPolicy,
            @Nullable Long extendDays,
            @Nullable String stackGroup,
            boolean stackable) {
        this(
                version,
                ruleVersion,
                claimFrom,
                claimTo,
                dailyLimit,
                discountCapMinor,
                refundPolicy,
                extendDays,
                stackGroup,
                stackable,
                null,
                null);
    }

    /** What the mall does everywhere, and what the columns of a migrated row say. */
    public static final Terms OF_THE_MALL =
            new Terms(0, 1, null, null, null, null, RefundPolicy.RESTORE_IF_VALID, null, null, true);
}
