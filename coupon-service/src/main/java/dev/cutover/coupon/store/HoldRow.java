package dev.cutover.coupon.store;

import dev.cutover.coupon.id.HoldId;
import dev.cutover.coupon.pricing.Quote;

/**
 * What was agreed when coupons were held; whether they still are, each coupon's own row decides.
 *
 * @param quote the order and the amounts that a confirmation will use
 * @param reserved what it has taken out of budgets, its own as long as it is in state HELD
 * @param until epoch milliseconds, exclusive
 * @param state as it is written; the end of the time is nobody's act
 */
public record HoldRow(
        HoldId id,
        long userId,
        String orderNo,
        Quote quote,
        BudgetShares reserved,
        long until,
        State state,
        long createdAt) {
    /** How a hold ends. */
    public enum State {
        HELD(1),
        CONFIRMED(2),
        RELEASED(3),
        EXPIRED(4);

        private final int code;

        State(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        static State ofCode(int code) {
            for (State state : values()) {
                if (state.code == code) {
                    return state;
                }
            }
            throw new IllegalArgumentException("No hold is in state " + code + ".");
        }
    }

    /** What a client sees at {@code now}: nobody has to end a hold for it to be over. */
    public State stateAt(long now) {
        return state == State.HELD && until <= now ? State.EXPIRED : state;
    }

    HoldRow in(State next) {
        return new HoldRow(id, userId, orderNo, quote, reserved, until, next, createdAt);
    }
}
