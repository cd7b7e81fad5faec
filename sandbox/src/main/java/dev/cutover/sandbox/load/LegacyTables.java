package dev.cutover.sandbox.load;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The mall. Safe for many threads. */
final class LegacyTables implements TruthTables {
    private final ConnectionSource mall;
    private final int slots;

    LegacyTables(ConnectionSource mall, int slots) {
        this.mall = mall;
        this.slots = slots;
    }

    @Override
    public List<StoredCoupon> coupons(Collection<Long> users) throws SQLException {
        List<StoredCoupon> coupons = new ArrayList<>();
        try (Connection connection = mall.open()) {
            for (List<Long> batch : Routes.batches(users)) {
                try (PreparedStatement statement = connection.prepareStatement(
                                "SELECT id, user_id, coupon_id, IF(deleted = 0, ELT(status + 1, 'AVAILABLE', 'USED',"
                                        + " 'EXPIRED', 'VOIDED'), 'DELETED') FROM mall_coupon_user WHERE user_id IN ("
                                        + String.join(",", Collections.nCopies(batch.size(), "?")) + ")");
                        ResultSet rows = query(statement, batch)) {
                    while (rows.next()) {
                        coupons.add(new StoredCoupon(
                                "cpn_" + numbered(rows.getLong(1), rows.getLong(2)),
                                rows.getLong(2),
                                rows.getInt(3),
                                String.valueOf(rows.getString(4)),
                                "mall_coupon_user",
                                false));
                    }
                }
            }
        }
        return coupons;
    }

    @Override
    public List<StoredRedemption> redemptions(Collection<Long> users, Collection<String> couponIds)
            throws SQLException {
        Map<Long, String> couponOfLegacyId = new HashMap<>();
        couponIds.forEach(id -> couponOfLegacyId.put(Routes.number(id) >> 10, id));
        List<StoredRedemption> redemptions = new ArrayList<>();
        try (Connection connection = mall.open()) {
            for (List<Long> batch : Routes.batches(couponOfLegacyId.keySet())) {
                try (PreparedStatement statement = connection.prepareStatement(
                                "SELECT id, user_id, coupon_user_id, order_sn, refund_status, refund_no"
                                        + " FROM mall_order_coupon WHERE user_id IS NOT NULL AND coupon_user_id IN ("
                                        + String.join(",", Collections.nCopies(batch.size(), "?")) + ")");
                        ResultSet rows = query(statement, batch)) {
                    while (rows.next()) {
                        redemptions.add(new StoredRedemption(
                                "rdm_" + numbered(rows.getLong(1), rows.getLong(2)),
                                couponOfLegacyId.getOrDefault(rows.getLong(3), ""),
                                rows.getString(4),
                                rows.getInt(5) == 1,
                                rows.getString(6),
                                "mall_order_coupon",
                                false));
                    }
                }
            }
        }
        return redemptions;
    }

    private long numbered(long legacyId, long user) {
        return legacyId << 10 | Routes.slot(user, slots);
    }

    private static ResultSet query(PreparedStatement statement, List<Long> ids) throws SQLException {
        for (int i = 0; i < ids.size(); i++) {
            statement.setLong(i + 1, ids.get(i));
        }
        return statement.executeQuery();
    }
}
