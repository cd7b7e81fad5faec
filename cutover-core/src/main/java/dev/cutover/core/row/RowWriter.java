package dev.cutover.core.row;

import dev.cutover.core.plan.TablePlan;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;

/** Writes projected rows to a database, bit by bit as they were read, inside the caller's transaction. Stateless, safe for many threads. */
public final class RowWriter {
    /** Deletes what the source keys map to in one physical table; returns how many rows were there. */
    public int delete(
            Connection target,
            Projection projection,
            String targetPhysicalTable,
            int slot,
            Collection<RowKey> sourceKeys)
            throws SQLException {
        throw new UnsupportedOperationException();
    }

    /** Inserts mapped rows; a duplicate key (1062) and data errors reach the caller. */
    public void insert(Connection target, Projection projection, String targetPhysicalTable, List<ProjectedRow> rows)
            throws SQLException {
        throw new UnsupportedOperationException();
    }

    /** Notes rejected rows with their reason in {@code cutover_quarantine} of the target. */
    public void quarantine(Connection target, TablePlan table, List<ProjectedRow> rejected) throws SQLException {
        throw new UnsupportedOperationException();
    }

    /** Forgets rows that are mapped now, or gone. */
    public void unquarantine(Connection target, TablePlan table, Collection<RowKey> sourceKeys) throws SQLException {
        throw new UnsupportedOperationException();
    }
}
