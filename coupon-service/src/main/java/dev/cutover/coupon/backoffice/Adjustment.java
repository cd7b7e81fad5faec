package dev.cutover.coupon.backoffice;

import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.stock.StockId;
import org.jspecify.annotations.Nullable;

/**
 * What is to be added to a stock of a template, or taken from it.
 *
 * @param id unique among those of its kind of stock, and growing in the order in which they become visible
 * @param number the caller's own, unique for the template
 * @param delta how many more, or less than zero
 * @param totalAfter the total it has made, null before that
 */
record Adjustment(
        long id,
        StockId stock,
        String number,
        long delta,
        State state,
        String operator,
        @Nullable Long totalAfter) {
    /** Where it stands; the order is that of the codes in {@code stock_adjustment.state}. */
    enum State {
        UNDER_WAY,
        GIVING_BACK,
        DONE,
        REFUSED
    }

    TemplateId template() {
        return stock.template();
    }

    boolean open() {
        return state == State.UNDER_WAY || state == State.GIVING_BACK;
    }

    boolean grows() {
        return delta > 0;
    }

    /** How many pieces have to be moved. */
    long pieces() {
        return Math.abs(delta);
    }
}
