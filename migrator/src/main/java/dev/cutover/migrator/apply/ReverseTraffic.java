package dev.cutover.migrator.apply;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Identifier;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** From one server of NEW into OLD. */
final class ReverseTraffic implements Traffic {
    private static final int ONLY_PLACE = 0;

    private final MigrationPlan plan;
    private final Map<String, Projection> projections;
    private final RowReader reader = new RowReader();
    private final long heapShare;

    /**
     * Traffic into OLD.
     *
     * @param projections backward, by table name
     */
    ReverseTraffic(MigrationPlan plan, Map<String, Projection> projections) {
        this.plan = plan;
        this.projections = projections;
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
        Map<Integer, List<RowKey>> bySlot = new TreeMap<>();
        dirty.forEach((key, slots) -> slots.forEach(
                slot -> bySlot.computeIfAbsent(slot, any -> new ArrayList<>()).add(key)));
        List<ProjectedRow> rows = new ArrayList<>();
        for (Map.Entry<Integer, List<RowKey>> entry : bySlot.entrySet()) {
            int slot = entry.getKey();
            DatabaseId database = plan.databaseOf(projection.table(), slot);
            // One session, so one snapshot, over all databases of the server.
            source.setCatalog(plan.endpoint(database).schema());
            rows.addAll(reader.byKeys(
                    source, projection, plan.physicalTable(projection.table(), slot), entry.getValue(), heapShare));
        }
        return rows;
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
        return projection.table().fromTable();
    }

    @Override
    public List<String> sourceKeyExpressions(Projection projection, int place) {
        TablePlan table = projection.table();
        String shardBy = table.shardBy();
        if (shardBy == null) {
            return List.of();
        }
        String slot = plan.layout().slotSql("t." + Identifier.quote(shardBy));
        List<String> expressions = new ArrayList<>();
        for (String column : projection.sourceKeyColumns()) {
            String expression = table.key().get(column);
            if (expression == null) {
                return List.of();
            }
            expressions.add(ForwardTraffic.replace(expression, table.fromKey()).replace("{shard}", slot));
        }
        expressions.add(slot);
        return expressions;
    }
}
