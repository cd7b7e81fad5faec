package dev.cutover.coupon.store;

import dev.cutover.core.topology.Side;
import dev.cutover.coupon.operation.Operation;
import dev.cutover.coupon.operation.Recorded;
import dev.cutover.coupon.sql.MySqlErrors;
import dev.cutover.coupon.sql.Sql;
import java.sql.SQLException;
import java.util.Optional;

/** What an operation answered, kept in the unit that did it. Whoever comes second under its id collides. */
public final class OperationRows {
    private OperationRows() {}

    /**
     * Keeps an answer.
     *
     * @param now epoch milliseconds; the mall keeps it as its wall clock shows it
     * @throws CollisionException when the operation is recorded already, or is just being
     */
    public static void record(StoreUnit unit, Operation operation, String result, long now) throws SQLException {
        boolean old = unit.side() == Side.OLD;
        try {
            Sql.update(
                    unit.connection(),
                    "INSERT INTO " + unit.table(Tables.OPERATION) + " (user_id, op_id, fingerprint, result, "
                            + (old ? "add_time" : "created_at") + ") VALUES (?, ?, ?, ?, ?)",
                    operation.userId(),
                    operation.id(),
                    operation.fingerprint(),
                    result,
                    old ? MallTime.wallClock(now) : now);
        } catch (SQLException e) {
            if (MySqlErrors.duplicate(e)) {
                throw new CollisionException("Operation " + operation.id(), e);
            }
            throw e;
        }
        unit.touched(Tables.OPERATION, Long.toString(operation.userId()), operation.id());
    }

    /** What an operation answered, if it was done. */
    public static Optional<Recorded> find(StoreView view, long userId, String operationId) throws SQLException {
        return Sql.first(
                view.connection(),
                row -> new Recorded(row.getString(1), row.getString(2)),
                "SELECT fingerprint, result FROM " + view.table(Tables.OPERATION) + " WHERE user_id = ? AND op_id = ?",
                userId,
                operationId);
    }
}
