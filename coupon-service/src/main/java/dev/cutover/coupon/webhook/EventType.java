package dev.cutover.coupon.webhook;

import dev.cutover.coupon.ledger.Act;
import java.util.Arrays;
import java.util.Optional;

/** What an application can be told of a coupon. */
public enum EventType {
    ISSUED("coupon.issued", Act.ISSUE),
    HELD("coupon.held", Act.HOLD),
    RELEASED("coupon.released", Act.RELEASE),
    REDEEMED("coupon.redeemed", Act.REDEEM),
    PARTLY_REFUNDED("coupon.partly_refunded", Act.REFUND_PART),
    REFUNDED("coupon.refunded", Act.REFUND),
    RESTORED("coupon.restored", Act.RESTORE),
    EXPIRED("coupon.expired", Act.EXPIRE),
    VOIDED("coupon.voided", Act.VOID);

    private final String word;
    private final Act act;

    EventType(String word, Act act) {
        this.word = word;
        this.act = act;
    }

    /** How the API names it. */
    public String word() {
        return word;
    }

    /** The act of the ledger that it tells. */
    Act act() {
        return act;
    }

    static Optional<EventType> of(Act act) {
        return Arrays.stream(values()).filter(type -> type.act == act).findFirst();
    }

    /** As somebody types it. */
    public static Optional<EventType> parse(String text) {
        return Arrays.stream(values()).filter(type -> type.word.equals(text)).findFirst();
    }
}
