package dev.cutover.coupon.store;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.ledger.Entry;
import dev.cutover.coupon.ledger.Ledger;
import dev.cutover.coupon.sql.Sql;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Voids coupons of many users at once.
 *
 * <p>Idea: the rows that are free are locked first, so that it is known which they are, then changed by one statement under the same
 * condition. A row that somebody else has locked is passed over instead of waited for: whoever uses a coupon at that moment wins, and no
 * use ever waits in a ring with this. Safe for many threads.
 */
public final class Voiding {
    /** A test leaves the condition out, to see coupons that are used and void. */
    public static final String VOIDS_WHAT_IT_READ = "recall.voidsWhatItRead";

    /** Whom nobody has used and no hold has; its value is the time. */
    static final String FREE = "status = 1 AND deleted = 0 AND (hold_until IS NULL OR hold_until <= ?)";

    /** Its value is the time. */
    static final String VOID =
            " SET status = 5, hold_no = NULL, hold_until = NULL, version = version + 1, updated_at = ?";

    private final Failpoints failpoints;

    public Voiding(Failpoints failpoints) {
        this.failpoints = failpoints;
    }

    /**
     * Voids those of these coupons that are free and have not expired, with their lines in the ledger.
     *
     * @param slot of all of them
     * @param coupons at most a few hundred
     * @param businessNo what the ledger says it was for
     * @return those that were voided
     */
    public Set<CouponId> free(StoreUnit unit, int slot, List<CouponId> coupons, String businessNo, long now)
            throws SQLException {
        if (coupons.isEmpty()) {
            return Set.of();
        }
        boolean planted = failpoints.planted(VOIDS_WHAT_IT_READ);
        String table = unit.tableOf(Tables.COUPON, slot);
        String condition = planted ? "? = ? AND" : FREE + " AND valid_to > ? AND";
        List<Entry> entries = Sql.list(
                unit.connection(),
                row -> Entry.of(
                        Act.VOID,
                        new CouponId(row.getLong(1)),
                        row.getLong(2),
                        new TemplateId(row.getLong(3)),
                        row.getInt(4),
                        row.getInt(5),
                        businessNo,
                        now),
                "SELECT coupon_id, user_id, template_id, source, use_round FROM " + table + " WHERE " + condition
                        + " coupon_id IN " + Sql.tuples(1, coupons.size())
                        + " ORDER BY coupon_id FOR UPDATE SKIP LOCKED",
                values(List.of(now, now), coupons));
        List<CouponId> found = entries.stream().map(Entry::coupon).toList();
        if (found.isEmpty()) {
            return Set.of();
        }
        int voided = Sql.update(
                unit.connection(),
                "UPDATE " + table + VOID + " WHERE " + condition + " coupon_id IN " + Sql.tuples(1, found.size()),
                values(List.of(now, now, now), found));
        if (voided != found.size()) {
            throw new IllegalStateException("Of " + found.size() + " coupons of " + table
                    + " that were free and locked, " + voided + " were voided; nothing was changed.");
        }
        for (CouponId coupon : found) {
            unit.touchedIn(Tables.COUPON, slot, Long.toString(coupon.number()));
        }
        Ledger.append(unit.connection(), entries);
        entries.forEach(entry -> unit.acted(entry.userId()));
        failpoints.hit(Failpoint.RECALL_VOIDED);
        return new HashSet<>(found);
    }

    private static @Nullable Object[] values(List<Long> times, List<CouponId> coupons) {
        List<@Nullable Object> values = new ArrayList<>(times);
        coupons.forEach(coupon -> values.add(coupon.number()));
        return values.toArray();
    }
}
