package dev.cutover.chaos.checker;

import java.util.List;

/**
 * A transaction that a server committed, as its binlog has it.
 *
 * @param position where its first event begins
 * @param committedMicros microseconds since 1970, taken by the server as it committed
 * @param rows in their order; only rows of tables that somebody asked for
 * @param database the default database of {@code statement}
 * @param statement a statement that the binlog keeps as text, such as DDL; else empty
 */
record LoggedTransaction(
        String server,
        String file,
        long position,
        String gtid,
        long committedMicros,
        List<RowChange> rows,
        String database,
        String statement) {
    LoggedTransaction {
        rows = List.copyOf(rows);
    }

    /** Where it can be looked up. */
    String where() {
        return server + " " + file + ":" + position + " (" + gtid + ")";
    }
}
