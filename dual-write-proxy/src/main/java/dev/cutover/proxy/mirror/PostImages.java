package dev.cutover.proxy.mirror;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.intake.RoutingView;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The rows that committed units touched, as the truth shows them now, projected for the other side. Owned by one thread.
 *
 * <p>They are read after the commits, for many units at once, and may so be newer than a unit's own image. That is as good: each unit
 * whose GTID the stream has not passed is still to be applied, and the stream reads the row again.
 */
final class PostImages {
    private final Map<Source, Map<RowKey, ProjectedRow>> rows;

    /** One physical table of the truth. */
    private record Source(DatabaseId database, String physicalTable) {}

    private PostImages(Map<Source, Map<RowKey, ProjectedRow>> rows) {
        this.rows = rows;
    }

    /** One statement a physical table; all are out of one side, but not out of one snapshot: a projection is a function of one row. */
    static PostImages read(
            Topology topology, RowReader reader, Map<String, Projection> projections, List<Mirroring> mirrorings)
            throws SQLException {
        MigrationPlan plan = topology.plan();
        Map<DatabaseId, Map<Source, Wanted>> wanted = new LinkedHashMap<>();
        for (Mirroring mirroring : mirrorings) {
            mirroring.touched().forEach((table, keys) -> {
                Projection projection = projection(projections, table);
                Source source = source(plan, projection, mirroring);
                wanted.computeIfAbsent(source.database(), any -> new LinkedHashMap<>())
                        .computeIfAbsent(source, any -> new Wanted(projection, new LinkedHashSet<>()))
                        .keys()
                        .addAll(keys);
            });
        }
        Map<Source, Map<RowKey, ProjectedRow>> found = new LinkedHashMap<>();
        for (Map.Entry<DatabaseId, Map<Source, Wanted>> database : wanted.entrySet()) {
            try (Connection session = topology.database(database.getKey()).getConnection()) {
                for (Map.Entry<Source, Wanted> table : database.getValue().entrySet()) {
                    Map<RowKey, ProjectedRow> rows = new LinkedHashMap<>();
                    reader.byKeys(
                                    session,
                                    table.getValue().projection(),
                                    table.getKey().physicalTable(),
                                    table.getValue().keys())
                            .forEach(row -> rows.put(row.sourceKey(), row));
                    found.put(table.getKey(), rows);
                }
            }
        }
        return new PostImages(found);
    }

    private record Wanted(Projection projection, Set<RowKey> keys) {}

    private static Projection projection(Map<String, Projection> projections, String table) {
        Projection projection = projections.get(table);
        if (projection == null) {
            throw new IllegalStateException("No projection of " + table + " is ready.");
        }
        return projection;
    }

    private static Source source(MigrationPlan plan, Projection projection, Mirroring mirroring) {
        return new Source(
                RoutingView.database(mirroring.truth(), plan.layout(), mirroring.slot()),
                mirroring.truth() == Side.OLD
                        ? projection.table().fromTable()
                        : plan.physicalTable(projection.table(), mirroring.slot()));
    }

    /** The row of this key; null when it is not there. */
    @Nullable
    ProjectedRow row(MigrationPlan plan, Projection projection, Mirroring mirroring, RowKey key) {
        return rows.getOrDefault(source(plan, projection, mirroring), Map.of()).get(key);
    }
}
