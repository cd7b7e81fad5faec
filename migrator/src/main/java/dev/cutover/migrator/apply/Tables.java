package dev.cutover.migrator.apply;

import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.Projection;
import dev.cutover.core.topology.Topology;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The projections of one direction, made once for all workers. */
public final class Tables {
    private Tables() {}

    /** OLD to NEW, the dynamic tables. */
    public static Map<String, Projection> forward(Topology topology) throws SQLException {
        Map<String, Projection> projections = new LinkedHashMap<>();
        for (TablePlan table : topology.plan().dynamicTables()) {
            projections.put(table.name(), Projection.forward(topology, table));
        }
        return projections;
    }

    /** NEW to OLD, the dynamic tables. */
    public static Map<String, Projection> backward(Topology topology) throws SQLException {
        Map<String, Projection> projections = new LinkedHashMap<>();
        for (TablePlan table : topology.plan().dynamicTables()) {
            projections.put(table.name(), Projection.backward(topology, table));
        }
        return projections;
    }

    static Projection required(Map<String, Projection> projections, String table) {
        Projection projection = projections.get(table);
        if (projection == null) {
            throw new IllegalArgumentException(
                    "The stream brought a key of '" + table + "', which is none of " + projections.keySet() + ".");
        }
        return projection;
    }
}
