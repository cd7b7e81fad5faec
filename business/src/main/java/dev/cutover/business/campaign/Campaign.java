package dev.cutover.business.campaign;

/**
 * What an advertiser pays for; money in minor units.
 *
 * @param templateId the coupons it gives
 * @param priceMinor for each coupon that is used
 * @param budgetMinor what is reserved and charged together at most
 * @param reservedMinor for coupons that are out and not used
 * @param chargedMinor for coupons that were used
 * @param ended whether it gives no more coupons
 */
public record Campaign(
        long id,
        String advertiser,
        String name,
        String templateId,
        long priceMinor,
        long budgetMinor,
        long reservedMinor,
        long chargedMinor,
        boolean ended) {}
