package dev.cutover.proxy.mirror;

import dev.cutover.core.CutoverException;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.Projection;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The projections of all dynamic tables out of a side, made in the background and then used by many threads. */
final class Projections {
    private static final Logger LOG = LoggerFactory.getLogger(Projections.class);

    private final Topology topology;

    // Replaced as a whole, under this object's lock.
    private volatile Map<Side, Map<String, Projection>> made = Map.of();

    Projections(Topology topology) {
        this.topology = topology;
    }

    /** By name of the plan's table; empty until made. */
    Map<String, Projection> outOf(Side truth) {
        return made.getOrDefault(truth, Map.of());
    }

    /** Makes those out of a side unless they are there; reads schemas of both sides, so never on a caller's thread. */
    synchronized void prepare(Side truth) {
        if (!outOf(truth).isEmpty()) {
            return;
        }
        Map<String, Projection> projections = new LinkedHashMap<>();
        try {
            for (TablePlan table : topology.plan().dynamicTables()) {
                projections.put(
                        table.name(),
                        truth == Side.OLD ? Projection.forward(topology, table) : Projection.backward(topology, table));
            }
        } catch (SQLException | CutoverException e) {
            LOG.warn("The projections out of {} cannot be made yet; nothing is mirrored until they are.", truth, e);
            return;
        }
        Map<Side, Map<String, Projection>> all = new EnumMap<>(Side.class);
        all.putAll(made);
        all.put(truth, Map.copyOf(projections));
        made = all;
    }
}
