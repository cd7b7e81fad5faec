package dev.cutover.migrator;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.preflight.Checks;
import java.util.List;
import java.util.Set;

/** Says before anything starts whether this source can be read and this target be written; changes nothing. Stateless. */
public final class Preflight {
    /** The check that a database answers; when it fails, no other is run. */
    public static final String REACHABLE = Checks.REACHABLE;

    /** The names of all checks. */
    public static Set<String> checks() {
        return Checks.names();
    }

    /**
     * Runs the checks.
     *
     * @param only the names of the checks to run; empty runs all
     */
    public List<Finding> run(MigrationPlan plan, Topology topology, Set<String> only) {
        return Checks.run(plan, topology, only);
    }
}
