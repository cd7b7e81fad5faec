package dev.cutover.proxy;

import dev.cutover.core.topology.Side;
import java.sql.Connection;

/** What a read may see of one side. Owned by the thread that runs the read. */
public interface ReadView {
    /** A session in autocommit that refuses everything but reading. */
    Connection connection();

    Side side();

    int slot();

    /** The physical table of the plan's table on this side. */
    String table(String planTable);
}
