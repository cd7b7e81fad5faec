package dev.cutover.sandbox.load;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the load knows of one coupon from the answers it got. Owned by one virtual client, then by the final check. */
final class KnownCoupon {
    /** One acknowledged use. */
    static final class Use {
        final String id;
        final String orderNo;

        @Nullable
        String refundNo;

        Use(String id, String orderNo) {
            this.id = id;
            this.orderNo = orderNo;
        }
    }

    final long user;
    final String id;
    final int template;

    /** False for a coupon that was there before the load. */
    final boolean claimed;

    final List<Use> uses = new ArrayList<>();
    boolean used;

    /** A write on it was never answered: it may be in either state, and nothing more is asked of it. */
    boolean uncertain;

    KnownCoupon(long user, String id, int template, boolean claimed) {
        this.user = user;
        this.id = id;
        this.template = template;
        this.claimed = claimed;
    }

    String status() {
        return used ? "USED" : "AVAILABLE";
    }

    Use lastUse() {
        return uses.get(uses.size() - 1);
    }
}
