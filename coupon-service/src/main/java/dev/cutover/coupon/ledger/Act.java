package dev.cutover.coupon.ledger;

import java.util.Arrays;

/** What can happen to a coupon, by the numbers that the ledger holds. */
public enum Act {
    /** Nothing: keeps a number from being used by a transaction that ended without it. */
    NOTHING(0),
    ISSUE(1),
    HOLD(2),
    RELEASE(3),
    REDEEM(4),
    /** A part of the amount was taken back; the coupon stays used. */
    REFUND_PART(5),
    /** The use was taken back whole. */
    REFUND(6),
    /** The coupon can be used again, or could if it had not expired. */
    RESTORE(7),
    EXPIRE(8),
    VOID(9);

    private final int number;

    Act(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    public static Act of(int number) {
        return Arrays.stream(values())
                .filter(act -> act.number == number)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No act of the ledger has the number " + number + "."));
    }
}
