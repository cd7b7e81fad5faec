package dev.cutover.chaos.bank;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.Side;
import dev.cutover.proxy.ConcurrentOperationException;
import dev.cutover.proxy.Unit;
import dev.cutover.proxy.UnitOfWork;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * One write of the bank. Every row it writes carries the epoch that its unit was admitted in: with the operation row, that is what a checker
 * needs to see in the binlog alone whether a write happened while it was allowed to.
 */
final class BankWork implements UnitOfWork<Effect> {
    private static final int DUPLICATE = 1062;

    private final Call request;
    private final CouponIds ids;

    BankWork(Call request, CouponIds ids) {
        this.request = request;
        this.ids = ids;
    }

    @Override
    public Optional<Effect> replay(Unit unit) throws SQLException {
        try (PreparedStatement select = prepare(
                unit, "SELECT result, epoch FROM " + unit.table("operation") + " WHERE user_id = ? AND op_id = ?")) {
            select.setInt(1, request.user());
            select.setString(2, request.op());
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? Optional.of(new Effect(
                                row.getLong(1), row.getLong(2), unit.side().name()))
                        : Optional.empty();
            }
        }
    }

    @Override
    public Effect run(Unit unit) throws SQLException {
        try {
            return done(unit);
        } catch (RefusedException e) {
            // What forbids it may be its own twin, committed since the replay was looked for.
            if (replay(unit).isPresent()) {
                throw new ConcurrentOperationException("The operation " + request.op() + " has a twin.", e);
            }
            throw e;
        }
    }

    private Effect done(Unit unit) throws SQLException {
        long result = switch (request.kind()) {
            case "append" -> append(unit);
            case "claim" -> claim(unit);
            case "redeem" -> redeem(unit);
            case "release" -> release(unit);
            default -> throw new RefusedException("There is no '" + request.kind() + "'.");
        };
        return new Effect(result, record(unit, result), unit.side().name());
    }

    private long record(Unit unit, long result) throws SQLException {
        String table = unit.table("operation");
        try (PreparedStatement insert = prepare(
                unit,
                "INSERT INTO " + table + " (user_id, op_id, kind, result, epoch) VALUES (?, ?, ?, ?, "
                        + unit.epoch().number() + ")")) {
            insert.setInt(1, request.user());
            insert.setString(2, request.op());
            insert.setString(3, request.kind());
            insert.setLong(4, result);
            insert.executeUpdate();
        } catch (SQLException e) {
            if (e.getErrorCode() == DUPLICATE) {
                throw new ConcurrentOperationException("The operation " + request.op() + " is there already.", e);
            }
            throw e;
        }
        unit.touched("operation", RowKey.of(Integer.toString(request.user()), request.op()));
        return unit.epoch().number();
    }

    private long append(Unit unit) throws SQLException {
        String marks = String.join(
                ",", request.keys().stream().map(k -> Integer.toString(k)).toList());
        try (PreparedStatement update = prepare(
                unit,
                "UPDATE " + unit.table("probe") + " SET seq = seq + 1, hist = IF(hist = '', ?, CONCAT(hist, ',', ?)),"
                        + " last_op = ?, epoch = " + unit.epoch().number() + " WHERE user_id = ? AND k IN (" + marks
                        + ")")) {
            update.setString(1, request.op());
            update.setString(2, request.op());
            update.setString(3, request.op());
            update.setInt(4, request.user());
            int updated = update.executeUpdate();
            if (updated != request.keys().size()) {
                throw new IllegalStateException("User " + request.user() + " has " + updated + " of the probes "
                        + request.keys() + " on " + unit.side() + ".");
            }
        }
        for (int k : request.keys()) {
            unit.touched("probe", RowKey.of(Integer.toString(request.user()), Integer.toString(k)));
        }
        return 0;
    }

    private long claim(Unit unit) throws SQLException {
        boolean old = unit.side() == Side.OLD;
        long id = old
                ? insertOnOld(unit)
                : insertOnNew(unit, ids.next(unit.epoch().number()));
        unit.touched("coupon", RowKey.of(key(unit, id)));
        boolean taken = old
                ? take(unit, "UPDATE bank_template SET stock = stock - 1 WHERE id = ? AND stock > 0")
                : takeSlice(unit);
        if (!taken) {
            throw new RefusedException("Template " + request.template() + " is sold out.");
        }
        return id;
    }

    private boolean takeSlice(Unit unit) throws SQLException {
        for (int i = 0; i < 2; i++) {
            int slice = (request.user() + i) % 2;
            if (take(
                    unit,
                    "UPDATE stock_slice SET remaining = remaining - 1 WHERE template_id = ? AND slice_no = " + slice
                            + " AND remaining > 0")) {
                return true;
            }
        }
        return false;
    }

    private boolean take(Unit unit, String sql) throws SQLException {
        try (PreparedStatement update = prepare(unit, sql)) {
            update.setInt(1, request.template());
            return update.executeUpdate() == 1;
        }
    }

    private long insertOnOld(Unit unit) throws SQLException {
        try (PreparedStatement insert = unit.connection()
                .prepareStatement(
                        "INSERT INTO " + unit.table("coupon")
                                + " (user_id, template_id, status, version, last_op, epoch) VALUES (?, ?, 1, 1, ?, "
                                + unit.epoch().number() + ")",
                        Statement.RETURN_GENERATED_KEYS)) {
            insert.setInt(1, request.user());
            insert.setInt(2, request.template());
            insert.setString(3, request.op());
            insert.executeUpdate();
            try (ResultSet key = insert.getGeneratedKeys()) {
                key.next();
                return key.getLong(1);
            }
        }
    }

    private long insertOnNew(Unit unit, long id) throws SQLException {
        try (PreparedStatement insert = prepare(
                unit,
                "INSERT INTO " + unit.table("coupon")
                        + " (coupon_id, user_id, template_id, status, version, last_op, epoch) VALUES (?, ?, ?, 1, 1, ?, "
                        + unit.epoch().number() + ")")) {
            insert.setLong(1, key(unit, id));
            insert.setInt(2, request.user());
            insert.setInt(3, request.template());
            insert.setString(4, request.op());
            insert.executeUpdate();
        }
        return id;
    }

    private long redeem(Unit unit) throws SQLException {
        if (order(unit) != 0) {
            throw new RefusedException("The order " + request.order() + " has its coupon already.");
        }
        move(unit, request.coupon(), 1, 2);
        try (PreparedStatement insert = prepare(
                unit,
                "INSERT INTO " + unit.table("redemption")
                        + " (user_id, order_id, coupon_id, last_op, epoch) VALUES (?, ?, ?, ?, "
                        + unit.epoch().number() + ")")) {
            insert.setInt(1, request.user());
            insert.setString(2, request.order());
            insert.setLong(3, request.coupon());
            insert.setString(4, request.op());
            insert.executeUpdate();
        }
        unit.touched("redemption", RowKey.of(Integer.toString(request.user()), String.valueOf(request.order())));
        return request.coupon();
    }

    private long release(Unit unit) throws SQLException {
        long coupon = order(unit);
        if (coupon == 0) {
            throw new RefusedException("The order " + request.order() + " has no coupon.");
        }
        move(unit, coupon, 2, 1);
        try (PreparedStatement delete =
                prepare(unit, "DELETE FROM " + unit.table("redemption") + " WHERE user_id = ? AND order_id = ?")) {
            delete.setInt(1, request.user());
            delete.setString(2, request.order());
            delete.executeUpdate();
        }
        unit.touched("redemption", RowKey.of(Integer.toString(request.user()), String.valueOf(request.order())));
        return coupon;
    }

    /** The coupon an order was paid with, held until the end; 0 when there is none. */
    private long order(Unit unit) throws SQLException {
        try (PreparedStatement select = prepare(
                unit,
                "SELECT coupon_id FROM " + unit.table("redemption")
                        + " WHERE user_id = ? AND order_id = ? FOR UPDATE")) {
            select.setInt(1, request.user());
            select.setString(2, request.order());
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getLong(1) : 0;
            }
        }
    }

    private void move(Unit unit, long coupon, int from, int to) throws SQLException {
        String column = unit.side() == Side.OLD ? "id" : "coupon_id";
        try (PreparedStatement update = prepare(
                unit,
                "UPDATE " + unit.table("coupon") + " SET status = " + to + ", version = version + 1, last_op = ?,"
                        + " epoch = " + unit.epoch().number() + " WHERE " + column
                        + " = ? AND user_id = ? AND status = " + from)) {
            update.setString(1, request.op());
            update.setLong(2, key(unit, coupon));
            update.setInt(3, request.user());
            if (update.executeUpdate() != 1) {
                throw new RefusedException("The coupon " + coupon + " is not in the state for a " + request.kind()
                        + " by user " + request.user() + ".");
            }
        }
        unit.touched("coupon", RowKey.of(key(unit, coupon)));
    }

    private static long key(Unit unit, long legacyId) {
        return unit.side() == Side.OLD ? legacyId : legacyId << 10 | unit.slot();
    }

    private static PreparedStatement prepare(Unit unit, String sql) throws SQLException {
        return unit.connection().prepareStatement(sql);
    }
}
