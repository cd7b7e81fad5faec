package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.pricing.Quote;
import java.util.HashMap;
import java.util.Map;

/**
 * What coupons would take off an order, and whose budget would pay for it.
 *
 * @param budgets the template of each coupon that is paid for by a budget
 */
public record Priced(Quote quote, Map<CouponId, TemplateId> budgets) {
    public Priced {
        budgets = Map.copyOf(budgets);
    }

    /** How much of each budget. */
    public BudgetShares shares() {
        if (budgets.isEmpty()) {
            return BudgetShares.NONE;
        }
        Map<TemplateId, Long> amounts = new HashMap<>();
        budgets.forEach(
                (coupon, template) -> amounts.merge(template, quote.of(coupon).amountMinor(), Long::sum));
        return BudgetShares.of(amounts);
    }
}
