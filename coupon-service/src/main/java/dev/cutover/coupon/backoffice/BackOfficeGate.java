package dev.cutover.coupon.backoffice;

import dev.cutover.core.topology.Side;
import dev.cutover.coupon.store.CouponDatabases;
import dev.cutover.coupon.store.MigrationFenceException;

/**
 * Where the back office may write now: nowhere while it is frozen, which is from the freeze until the migration is completed or the
 * freeze is taken back. What was copied would be out of date otherwise, for nobody carries changes of static tables over. Safe for many
 * threads.
 */
final class BackOfficeGate {
    private final CouponDatabases databases;

    BackOfficeGate(CouponDatabases databases) {
        this.databases = databases;
    }

    /** The side that holds the truth, if it may be written. */
    Side require() {
        requireThawed();
        return databases.truth();
    }

    void requireThawed() {
        if (databases.frozen()) {
            throw new MigrationFenceException(
                    "The back office is frozen while the migration runs; nothing was changed. Send the same request again"
                            + " when the migration is completed.");
        }
    }

    /** For what the mall has no columns for. */
    void requireNew(String what) {
        if (require() == Side.OLD) {
            throw onlyNew(what);
        }
    }

    static MigrationFenceException onlyNew(String what) {
        return new MigrationFenceException(what + " needs the new side, which does not hold the truth yet; nothing was"
                + " changed. Send the same request again when the migration is completed.");
    }
}
