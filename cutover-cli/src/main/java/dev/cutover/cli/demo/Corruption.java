package dev.cutover.cli.demo;

import dev.cutover.core.topology.Identifier;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** Changes one column of one row on a shard behind everybody's back, where no write of the load will mend it. */
final class Corruption {
    private static final String TABLE = "user_coupon_003";

    private Corruption() {}

    /** Returns which row it was, for people. */
    static String plant(Connection shard, List<Integer> usersOfTheLoad) throws SQLException {
        String others = usersOfTheLoad.isEmpty()
                ? ""
                : " AND user_id NOT IN ("
                        + String.join(
                                ", ",
                                usersOfTheLoad.stream().map(String::valueOf).toList())
                        + ")";
        long coupon;
        try (Statement statement = shard.createStatement();
                ResultSet row = statement.executeQuery("SELECT MIN(coupon_id) FROM " + Identifier.quote(TABLE)
                        + " WHERE order_no IS NOT NULL" + others)) {
            row.next();
            coupon = row.getLong(1);
        }
        try (PreparedStatement update = shard.prepareStatement(
                "UPDATE " + Identifier.quote(TABLE) + " SET order_no = CONCAT(order_no, 'x') WHERE coupon_id = ?")) {
            update.setLong(1, coupon);
            if (update.executeUpdate() != 1) {
                throw new DemoFailedException("No row was there to corrupt in " + TABLE + ".", null);
            }
        }
        return TABLE + ", coupon_id " + coupon + " (legacy id " + (coupon >> 10) + "), column order_no";
    }
}
