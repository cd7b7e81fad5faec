package dev.cutover.migrator.apply;

import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Static tables, from OLD into {@code meta}. */
final class StaticTraffic implements Traffic {
    private static final int ONLY_PLACE = 0;

    private final Map<String, Projection> projections;
    private final RowReader reader = new RowReader();

    StaticTraffic(Map<String, Projection> projections) {
        this.projections = projections;
    }

    @Override
    public Collection<Projection> projections() {
        return projections.values();
    }

    @Override
    public Projection projection(String table) {
        return Tables.required(projections, table);
    }

    @Override
    public List<ProjectedRow> fetch(Connection source, Projection projection, Map<RowKey, Set<Integer>> dirty)
            throws SQLException {
        return reader.byKeys(source, projection, projection.table().fromTable(), dirty.keySet());
    }

    @Override
    public boolean concerns(int slot) {
        return true;
    }

    @Override
    public Set<Integer> places(Set<Integer> slots) {
        return Set.of(ONLY_PLACE);
    }

    @Override
    public int place(ProjectedRow row) {
        return row.rejected() ? -1 : ONLY_PLACE;
    }

    @Override
    public boolean quarantinesHere(ProjectedRow row) {
        return row.rejected();
    }

    @Override
    public String targetTable(Projection projection, int place) {
        return projection.table().name();
    }

    @Override
    public List<String> sourceKeyExpressions(Projection projection, int place) {
        return List.of();
    }
}
