package dev.cutover.coupon.store;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.stock.SliceStock;
import dev.cutover.coupon.stock.StockId;
import dev.cutover.coupon.stock.StockShortException;
import java.sql.SQLException;
import java.util.Map;

/**
 * The budgets of templates, as uses of their coupons move them.
 *
 * <p>Idea: a budget is a stock of minor units, in slices of the user's own database, so its move is part of the unit that makes the use:
 * taken by a hold or a direct use, put back by a release, by who tidies a hold that is over, or by a refund. Each of these happens once
 * because the row that it ends with changes once: of a hold its state, of a refund its number. A confirmation moves nothing: what the hold
 * has taken is spent from then on. Invariant: the cap is what the slices hold (and what travels), plus what holds in state 1 have agreed,
 * plus uses less refunds. The slices are the last rows that a unit locks, those of several templates in ascending order, as those of coupons
 * are in a claim; nobody who has one waits for anything else. Safe for many threads.
 */
final class ShardedBudgets {
    /** A test leaves the condition out, to see itself fail. */
    static final String NO_CONDITION = "budget.noCondition";

    private final Failpoints failpoints;

    ShardedBudgets(Failpoints failpoints) {
        this.failpoints = failpoints;
    }

    /** Throws {@link StockShortException} when the user's database has too little of one of them. */
    void take(StoreUnit unit, BudgetShares shares) throws SQLException {
        for (Map.Entry<TemplateId, Long> share : shares.byTemplate().entrySet()) {
            StockId budget = StockId.budget(share.getKey());
            boolean taken = failpoints.planted(NO_CONDITION)
                    ? SliceStock.takeUnasked(unit.connection(), budget, share.getValue())
                    : SliceStock.take(unit.connection(), budget, share.getValue());
            if (!taken) {
                throw new StockShortException(budget, share.getValue());
            }
        }
    }

    void putBack(StoreUnit unit, BudgetShares shares) throws SQLException {
        for (Map.Entry<TemplateId, Long> share : shares.byTemplate().entrySet()) {
            SliceStock.putIn(unit.connection(), StockId.budget(share.getKey()), share.getValue());
        }
    }
}
