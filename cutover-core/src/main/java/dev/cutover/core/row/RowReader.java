package dev.cutover.core.row;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;

/** Reads source rows through a projection, in whatever transaction the caller's session is in. Stateless, safe for many threads. */
public final class RowReader {
    /** The rows with these keys, rejected ones included, in no order; keys without a row are missing. */
    public List<ProjectedRow> byKeys(
            Connection source, Projection projection, String sourcePhysicalTable, Collection<RowKey> keys)
            throws SQLException {
        throw new UnsupportedOperationException();
    }

    /** The rows of a key range in key order, rejected ones included. */
    public List<ProjectedRow> byRange(
            Connection source, Projection projection, String sourcePhysicalTable, KeyRange range) throws SQLException {
        throw new UnsupportedOperationException();
    }

    /** Ranges of about this many rows that together are the whole table, the first and the last one open; one range without an integer key. */
    public List<KeyRange> ranges(Connection source, Projection projection, String sourcePhysicalTable, int rowsPerRange)
            throws SQLException {
        throw new UnsupportedOperationException();
    }
}
