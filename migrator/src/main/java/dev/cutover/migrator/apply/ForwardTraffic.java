package dev.cutover.migrator.apply;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.topology.Identifier;
import dev.cutover.migrator.stream.ChangedKey;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** From OLD into one shard database. */
final class ForwardTraffic implements Traffic {
    private final MigrationPlan plan;
    private final Map<String, Projection> projections;
    private final int shard;
    private final RowReader reader = new RowReader();
    private final long heapShare;

    /**
     * Traffic into {@code shard-N}.
     *
     * @param shard N
     * @param projections forward, by table name
     */
    ForwardTraffic(MigrationPlan plan, Map<String, Projection> projections, int shard) {
        this.plan = plan;
        this.projections = projections;
        this.shard = shard;
        this.heapShare = Heap.share(plan.layout().databases());
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
        return reader.byKeys(source, projection, projection.table().fromTable(), dirty.keySet(), heapShare);
    }

    @Override
    public boolean concerns(int slot) {
        // Rows without a route are noted in shard-0.
        return slot == ChangedKey.NO_ROUTE ? shard == 0 : plan.layout().databaseOf(slot) == shard;
    }

    @Override
    public Set<Integer> places(Set<Integer> slots) {
        Set<Integer> places = new TreeSet<>(slots);
        places.removeIf(slot -> slot == ChangedKey.NO_ROUTE || !concerns(slot));
        return places;
    }

    @Override
    public int place(ProjectedRow row) {
        return !row.rejected() && concerns(row.slot()) ? row.slot() : -1;
    }

    @Override
    public boolean quarantinesHere(ProjectedRow row) {
        return row.rejected() && concerns(row.slot());
    }

    @Override
    public String targetTable(Projection projection, int place) {
        return plan.physicalTable(projection.table(), place);
    }

    @Override
    public List<String> sourceKeyExpressions(Projection projection, int place) {
        TablePlan table = projection.table();
        List<String> expressions = new ArrayList<>();
        for (String column : projection.sourceKeyColumns()) {
            String expression = table.backKey().get(column);
            if (expression == null) {
                return List.of();
            }
            expressions.add(replace(expression, table.newKey()));
        }
        expressions.add(Integer.toString(place));
        return expressions;
    }

    static String replace(String expression, Collection<String> columns) {
        String sql = expression;
        for (String column : columns) {
            sql = sql.replace("{" + column + "}", "t." + Identifier.quote(column));
        }
        return sql;
    }
}
