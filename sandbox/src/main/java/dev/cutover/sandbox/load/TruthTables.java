package dev.cutover.sandbox.load;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tables of the side that holds the truth, read with SQL of their own; ids are given back as the API writes them. */
public interface TruthTables {
    /** Opens a connection to one database; the reader closes it. */
    @FunctionalInterface
    interface ConnectionSource {
        Connection open() throws SQLException;
    }

    /**
     * A coupon as it is stored.
     *
     * @param where database and table
     * @param misplaced whether the routing would look for it elsewhere
     */
    record StoredCoupon(String id, long user, int template, String status, String where, boolean misplaced) {}

    /** A redemption as it is stored. */
    record StoredRedemption(
            String id,
            String couponId,
            @Nullable String orderNo,
            boolean refunded,
            @Nullable String refundNo,
            String where,
            boolean misplaced) {}

    List<StoredCoupon> coupons(Collection<Long> users) throws SQLException;

    /** All redemptions of the coupons, which belong to the users. */
    List<StoredRedemption> redemptions(Collection<Long> users, Collection<String> couponIds) throws SQLException;

    /** The tables of the mall; {@code slots} is the number of all physical tables on the other side, part of each id. */
    static TruthTables legacy(ConnectionSource mall, int slots) {
        return new LegacyTables(mall, slots);
    }

    /** The sharded tables, databases in the order of their numbers. */
    static TruthTables sharded(List<ConnectionSource> databases, int tables) {
        return new ShardedTables(databases, tables);
    }
}
