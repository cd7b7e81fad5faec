package dev.cutover.coupon.store;

import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.operation.Recorded;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A user's coupons on one side.
 *
 * <p>A change records its operation, with the answer, in the transaction of its effect, and refuses by a {@link
 * dev.cutover.coupon.refusal.Refusal}; its caller rolls back on any exception. {@code now} is whole seconds in epoch milliseconds.
 * Safe for many threads.
 */
public interface CouponStore {
    Optional<Recorded> operation(StoreView view, long userId, String operationId) throws SQLException;

    /** The recorded answer. */
    String claim(StoreUnit unit, ClaimOrder order, long now, Function<Claimed, String> answer) throws SQLException;

    List<CouponRow> page(StoreView view, PageRequest page) throws SQLException;

    /** The coupon with this id, whoever has it; the caller compares its user's slot with the id's. */
    Optional<CouponRow> coupon(StoreView view, CouponId id) throws SQLException;

    /** What becomes of coupons behind their claim. */
    CouponUses uses();
}
