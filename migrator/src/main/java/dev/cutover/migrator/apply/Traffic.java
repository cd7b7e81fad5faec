package dev.cutover.migrator.apply;

import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which rows go from where to where: the difference between forward and reverse. Stateless. */
interface Traffic {
    /** The tables it carries, by their names in the plan. */
    Collection<Projection> projections();

    Projection projection(String table);

    /** Reads the rows behind dirty keys as the session's snapshot shows them. */
    List<ProjectedRow> fetch(Connection source, Projection projection, Map<RowKey, Set<Integer>> dirty)
            throws SQLException;

    /** Whether a change at this slot concerns this target. */
    boolean concerns(int slot);

    /** Of the slots a key is or was in, the target's places to delete it from. */
    Set<Integer> places(Set<Integer> slots);

    /** The place a mapped row belongs to on this target, or -1 when it belongs elsewhere. */
    int place(ProjectedRow row);

    /** Whether a row that cannot be mapped is noted on this target. */
    boolean quarantinesHere(ProjectedRow row);

    /** The target's physical table at a place. */
    String targetTable(Projection projection, int place);

    /**
     * SQL over a target row, with alias {@code t}, that gives back its source key columns and then the slot of its source; empty when the
     * plan does not say how.
     */
    List<String> sourceKeyExpressions(Projection projection, int place);
}
