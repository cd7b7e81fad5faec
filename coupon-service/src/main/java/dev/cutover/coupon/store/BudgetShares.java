package dev.cutover.coupon.store;

import dev.cutover.coupon.id.TemplateId;
import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What coupons take off out of the budgets of their templates.
 *
 * @param byTemplate minor units above zero, of templates with a budget only, in the order in which budgets are locked
 */
public record BudgetShares(SortedMap<TemplateId, Long> byTemplate) {
    /** Of coupons whose templates have no budget. */
    public static final BudgetShares NONE = new BudgetShares(Collections.emptySortedMap());

    private static final Comparator<TemplateId> ORDER = Comparator.comparingLong(TemplateId::number);

    public BudgetShares {
        SortedMap<TemplateId, Long> copy = new TreeMap<>(ORDER);
        copy.putAll(byTemplate);
        byTemplate = Collections.unmodifiableSortedMap(copy);
    }

    /** Those that are more than nothing. */
    static BudgetShares of(Map<TemplateId, Long> amounts) {
        SortedMap<TemplateId, Long> some = new TreeMap<>(ORDER);
        amounts.forEach((template, amount) -> {
            if (amount > 0) {
                some.put(template, amount);
            }
        });
        return some.isEmpty() ? NONE : new BudgetShares(some);
    }
}
