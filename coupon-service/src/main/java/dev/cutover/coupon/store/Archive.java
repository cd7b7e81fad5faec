package dev.cutover.coupon.store;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.topology.Identifier;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.sql.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Moves coupons between a table and its archive, there and back.
 *
 * <p>Idea: rows are copied, compared column by column and deleted in the caller's transaction, so a death leaves them where they were or where
 * they go. Whoever moves a row has locked it where it is; whoever needs one that may be moved meanwhile locks it and looks into the archive
 * when it is gone. Invariant: a coupon is in one of the two. Stateless, safe for many threads.
 */
public final class Archive {
    private Archive() {}

    /** Puts coupons that the caller has locked into the archive. */
    public static void putAway(StoreUnit unit, int slot, List<Long> coupons, Failpoints failpoints)
            throws SQLException {
        String table = unit.tableOf(Tables.COUPON, slot);
        move(unit.connection(), table, Tables.archiveOf(table), coupons, failpoints);
    }

    /** Has a coupon of the unit's user back in its table and locked, wherever it was; one that is nowhere stays so. */
    static void bringBack(StoreUnit unit, CouponId coupon, Failpoints failpoints) throws SQLException {
        String table = unit.table(Tables.COUPON);
        String archive = Tables.archiveOf(table);
        List<Long> number = List.of(coupon.number());
        if (Sql.list(
                        unit.connection(),
                        row -> row.getLong(1),
                        "SELECT coupon_id FROM " + archive + " WHERE coupon_id = ? FOR UPDATE",
                        coupon.number())
                .equals(number)) {
            move(unit.connection(), archive, table, number, failpoints);
            unit.touched(Tables.COUPON, Long.toString(coupon.number()));
        }
    }

    private static void move(Connection connection, String from, String to, List<Long> coupons, Failpoints failpoints)
            throws SQLException {
        String those = " WHERE coupon_id IN " + Sql.tuples(1, coupons.size());
        Object[] numbers = coupons.toArray();
        require(
                coupons.size(),
                Sql.update(connection, "INSERT INTO " + to + " SELECT * FROM " + from + those, numbers),
                "copied to " + to);
        failpoints.hit(Failpoint.ARCHIVE_COPIED);
        require(coupons.size(), same(connection, from, to, those, numbers), "the same in " + to);
        require(coupons.size(), Sql.update(connection, "DELETE FROM " + from + those, numbers), "deleted from " + from);
        failpoints.hit(Failpoint.ARCHIVE_DELETED);
    }

    /** How many of these rows have the same values in both tables, column by column, NULL like NULL. */
    private static long same(Connection connection, String from, String to, String those, Object[] numbers)
            throws SQLException {
        List<String> columns = Sql.list(
                connection,
                row -> row.getString(1),
                "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
                from.replace("`", ""));
        String equal = columns.stream()
                .map(Identifier::quote)
                .map(column -> "t." + column + " <=> f." + column)
                .collect(Collectors.joining(" AND "));
        return Sql.first(
                        connection,
                        row -> row.getLong(1),
                        "SELECT COUNT(*) FROM " + from + " f JOIN " + to + " t ON " + equal
                                + those.replace("coupon_id", "f.coupon_id"),
                        numbers)
                .orElse(0L);
    }

    private static void require(long expected, long found, String what) {
        if (expected != found) {
            throw new IllegalStateException("Of " + expected + " coupons " + found + " were " + what
                    + "; nothing was changed. Compare the table's columns with those of its archive.");
        }
    }
}
