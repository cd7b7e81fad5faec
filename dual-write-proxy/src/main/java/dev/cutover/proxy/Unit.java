package dev.cutover.proxy;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.Side;
import java.sql.Connection;

/** One fenced transaction, as the work sees it. Owned by the thread that runs the work, and over when the work returns. */
public interface Unit {
    /**
     * The session of this unit. It refuses commit, rollback, autocommit, DDL, LOCK and SET; closing it does nothing. After an error that
     * ends transactions (class 08 or 40, 1205, 1213) it refuses everything: the unit is rolled back and run again as a whole.
     */
    Connection connection();

    /** The side this unit writes to. */
    Side side();

    /** The epoch whose fence admitted this unit; its commit happens in it or not at all. */
    Epoch epoch();

    /** The slot of the shard key; on OLD it only names the rows' place on NEW. */
    int slot();

    /** The physical table of the plan's table on this side. */
    String table(String planTable);

    /**
     * The physical table of another slot in the database of this unit, for work on many shard keys at once; on OLD the table is the same
     * for all slots.
     */
    String table(String planTable, int otherSlot);

    /** Names a row that was inserted, changed or deleted, by its key on this side, so that it is mirrored. */
    void touched(String planTable, RowKey keyOnThisSide);

    /** The same for a row of another slot in the database of this unit. */
    void touched(String planTable, int otherSlot, RowKey keyOnThisSide);
}
