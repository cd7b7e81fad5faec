package dev.cutover.sandbox.load;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** The sharded tables, all of them searched, so that a row in the wrong one is found. Safe for many threads. */
final class ShardedTables implements TruthTables {
    private interface RowConsumer {
        void row(ResultSet row, String where, boolean misplaced) throws SQLException;
    }

    private final List<ConnectionSource> databases;
    private final int tables;

    ShardedTables(List<ConnectionSource> databases, int tables) {
        this.databases = List.copyOf(databases);
        this.tables = tables;
    }

    @Override
    public List<StoredCoupon> coupons(Collection<Long> users) throws SQLException {
        List<StoredCoupon> coupons = new ArrayList<>();
        search(
                "SELECT user_id, coupon_id, template_id, IF(deleted = 0, ELT(status, 'AVAILABLE', 'HELD', 'USED',"
                        + " 'EXPIRED', 'VOIDED'), 'DELETED') FROM user_coupon_",
                users,
                (row, where, misplaced) -> coupons.add(new StoredCoupon(
                        "cpn_" + row.getLong(2),
                        row.getLong(1),
                        row.getInt(3),
                        String.valueOf(row.getString(4)),
                        where,
                        misplaced)));
        return coupons;
    }

    @Override
    public List<StoredRedemption> redemptions(Collection<Long> users, Collection<String> couponIds)
            throws SQLException {
        List<StoredRedemption> redemptions = new ArrayList<>();
        search(
                "SELECT user_id, redemption_id, coupon_id, order_no, refund_status, refund_no"
                        + " FROM coupon_redemption_",
                users,
                (row, where, misplaced) -> redemptions.add(new StoredRedemption(
                        "rdm_" + row.getLong(2),
                        "cpn_" + row.getLong(3),
                        row.getString(4),
                        row.getInt(5) == 1,
                        row.getString(6),
                        where,
                        misplaced)));
        return redemptions;
    }

    private void search(String select, Collection<Long> users, RowConsumer consumer) throws SQLException {
        for (int database = 0; database < databases.size(); database++) {
            try (Connection connection = databases.get(database).open()) {
                for (int table = 0; table < tables; table++) {
                    String suffix = String.format(Locale.ROOT, "%03d", table);
                    String name = select.substring(select.lastIndexOf(' ') + 1) + suffix;
                    int slot = database * tables + table;
                    for (List<Long> batch : Routes.batches(users)) {
                        try (PreparedStatement statement = connection.prepareStatement(select + suffix
                                        + " WHERE user_id IN ("
                                        + String.join(",", Collections.nCopies(batch.size(), "?")) + ")");
                                ResultSet rows = query(statement, batch)) {
                            while (rows.next()) {
                                boolean misplaced = Routes.slot(rows.getLong(1), databases.size() * tables) != slot;
                                consumer.row(rows, "shard-" + database + "." + name, misplaced);
                            }
                        }
                    }
                }
            }
        }
    }

    private static ResultSet query(PreparedStatement statement, List<Long> ids) throws SQLException {
        for (int i = 0; i < ids.size(); i++) {
            statement.setLong(i + 1, ids.get(i));
        }
        return statement.executeQuery();
    }
}
