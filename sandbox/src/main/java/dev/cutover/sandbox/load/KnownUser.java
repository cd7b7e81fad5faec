package dev.cutover.sandbox.load;

import java.util.ArrayList;
import java.util.List;

/** What the load knows of one user. Owned by one virtual client, then by the final check. */
final class KnownUser {
    final long id;

    /** Whether nobody but the load gives this user coupons: then every coupon must be explained. */
    final boolean own;

    final List<KnownCoupon> coupons = new ArrayList<>();

    /** Coupons that claims without an answer may have given. */
    int unanswered;

    KnownUser(long id, boolean own) {
        this.id = id;
        this.own = own;
    }
}
