package dev.cutover.coupon.store;

import dev.cutover.core.topology.Side;
import java.sql.Connection;

/** One user's database on one side, for reading; the connection belongs to whoever opened the view. Owned by one thread. */
public interface StoreView {
    Connection connection();

    Side side();

    /** The slot of the user, also on the side that has no slots: ids carry it on both. */
    int slot();

    /** The physical table on this side, quoted for SQL. */
    String table(String planTable);
}
