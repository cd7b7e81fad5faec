package dev.cutover.coupon.statistics;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.coupon.ledger.Act;
import dev.cutover.coupon.ledger.LedgerFeed;
import dev.cutover.coupon.sql.DatabaseTroubleException;
import dev.cutover.coupon.sql.Snapshot;
import dev.cutover.coupon.sql.Sql;
import dev.cutover.coupon.store.Tables;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;

/**
 * Sums counted from the rows themselves.
 *
 * <p>Idea: rows and ledger are read in one snapshot. What the ledger holds above a number was done after it, so the rows without those
 * entries are the state at that number, exactly, while everybody goes on writing. A refund of the mall does not say when it was, so rows
 * count it on the day of the use.
 *
 * <p>Safe for many threads.
 */
final class RowCount {
    private final Topology topology;

    RowCount(Topology topology) {
        this.topology = topology;
    }

    /** The sums of one shard database as its ledger's entry {@code at} left them; everything up to it is settled. */
    Tally count(int database, long at) {
        try (Connection connection =
                topology.database(DatabaseId.shard(database)).getConnection()) {
            return Snapshot.of(connection, () -> {
                Tally tally = new Tally();
                for (int table = 0; table < topology.plan().layout().tables(); table++) {
                    int slot = database * topology.plan().layout().tables() + table;
                    rows(connection, slot, tally);
                }
                tally.take(Tally.of(LedgerFeed.seen(connection, at)));
                return tally;
            });
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Counting the coupons of shard-" + database, e);
        }
    }

    /** The sums by channel of one shard database up to its ledger's entry {@code at}, from all entries it ever had. */
    Map<String, Sums> channels(int database, long at) {
        try (Connection connection =
                topology.database(DatabaseId.shard(database)).getConnection()) {
            return channels(
                    connection,
                    "SELECT template_id, " + Tally.DAY_SQL.formatted("created_at") + " AS day, channel, partner_id,"
                            + " SUM(act = " + Act.ISSUE.number() + "), SUM(act = " + Act.REDEEM.number() + "),"
                            + " SUM(IF(act = " + Act.REDEEM.number() + ", amount_minor, 0)),"
                            + " SUM(act = " + Act.REFUND.number() + "),"
                            + " SUM(IF(act IN (" + Act.REFUND.number() + ", " + Act.REFUND_PART.number()
                            + "), amount_minor, 0))"
                            + " FROM coupon_ledger JOIN coupon_ledger_channel USING (entry_id) WHERE entry_id <= ?"
                            + " GROUP BY template_id, day, channel, partner_id",
                    at);
        } catch (SQLException | UnreachableException e) {
            throw new DatabaseTroubleException("Counting the channels of shard-" + database, e);
        }
    }

    /** Rows of template, day, channel, partner and five sums, by what they are of in words. */
    static Map<String, Sums> channels(Connection connection, String sql, Object... values) throws SQLException {
        Map<String, Sums> sums = new HashMap<>();
        Sql.list(
                connection,
                row -> sums.put(
                        "template " + row.getLong(1) + ", day " + LocalDate.ofEpochDay(row.getLong(2)) + ", channel "
                                + row.getString(3) + "/" + row.getString(4),
                        new Sums(row.getLong(5), row.getLong(6), row.getLong(7), row.getLong(8), row.getLong(9))),
                sql,
                values);
        return sums;
    }

    private void rows(Connection connection, int slot, Tally tally) throws SQLException {
        String coupons = table(Tables.COUPON, slot);
        Sql.list(
                connection,
                row -> {
                    tally.add(
                            new Tally.Key(row.getLong(1), row.getInt(2), row.getInt(3)),
                            new Sums(row.getLong(4), 0, 0, 0, 0));
                    return 1;
                },
                "SELECT template_id, " + Tally.DAY_SQL.formatted("created_at") + " AS day,"
                        + " COALESCE(source, 0) AS source, COUNT(*) FROM (SELECT template_id, created_at, source FROM "
                        + coupons + " UNION ALL SELECT template_id, created_at, source FROM "
                        + Tables.archiveOf(coupons) + ") AS every GROUP BY template_id, day, source");
        Sql.list(
                connection,
                row -> {
                    tally.add(
                            new Tally.Key(row.getLong(1), row.getInt(2), row.getInt(3)),
                            new Sums(0, row.getLong(4), row.getLong(5), row.getLong(6), row.getLong(7)));
                    return 1;
                },
                "SELECT COALESCE(c.template_id, a.template_id, 0) AS template_id, "
                        + Tally.DAY_SQL.formatted("r.created_at")
                        + " AS day, COALESCE(c.source, a.source, 0) AS source, COUNT(*), COALESCE(SUM(r.amount_minor), 0),"
                        + " COALESCE(SUM(r.refund_status = 1), 0), COALESCE(SUM(IF(r.refund_status = 1,"
                        + " r.amount_minor, (SELECT COALESCE(SUM(f.amount_minor), 0) FROM "
                        + table("coupon_refund", slot)
                        + " f WHERE f.redemption_id = r.redemption_id))), 0)"
                        + " FROM " + table(Tables.REDEMPTION, slot) + " r LEFT JOIN " + coupons
                        + " c ON c.coupon_id = r.coupon_id LEFT JOIN " + Tables.archiveOf(coupons)
                        + " a ON a.coupon_id = r.coupon_id GROUP BY template_id, day, source");
    }

    private String table(String name, int slot) {
        return Identifier.quote(topology.plan().layout().physicalTable(name, slot));
    }
}
