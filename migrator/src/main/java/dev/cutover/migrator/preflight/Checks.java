package dev.cutover.migrator.preflight;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import dev.cutover.migrator.Finding;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The checks by name, in the order they make sense in. Stateless. */
public final class Checks {
    /** The check that all others need. */
    public static final String REACHABLE = "reachable";

    private Checks() {}

    /** One check over the whole plan. */
    @FunctionalInterface
    private interface Check {
        void run(MigrationPlan plan, Topology topology, Findings findings) throws SQLException;
    }

    private static Map<String, Check> all() {
        Map<String, Check> checks = new LinkedHashMap<>();
        checks.put(REACHABLE, ServerChecks::reachable);
        checks.put("version", ServerChecks::version);
        checks.put("binlog", ServerChecks::binlog);
        checks.put("durability", ServerChecks::durability);
        checks.put("retention", ServerChecks::retention);
        checks.put("disk", ServerChecks::disk);
        checks.put("xa", ServerChecks::xa);
        checks.put("time-zones", ServerChecks::timeZones);
        checks.put("packets", ServerChecks::packets);
        checks.put("grants", ServerChecks::grants);
        checks.put("source-tables", TableChecks::sources);
        checks.put("triggers", TableChecks::triggers);
        checks.put("foreign-keys", TableChecks::foreignKeys);
        checks.put("projection", TableChecks::projections);
        checks.put("back", TableChecks::back);
        checks.put("shard-key", KeyChecks::shardKeys);
        checks.put("collations", KeyChecks::collations);
        checks.put("target-tables", TableChecks::targets);
        return checks;
    }

    /** The names of all checks. */
    public static Set<String> names() {
        return all().keySet();
    }

    /** Runs the checks with these names, all when there are none; a check that cannot run is a finding. */
    public static List<Finding> run(MigrationPlan plan, Topology topology, Set<String> only) {
        for (String name : only) {
            if (!all().containsKey(name)) {
                throw new IllegalArgumentException(
                        "There is no check '" + name + "'; there are " + all().keySet() + ".");
            }
        }
        List<Finding> findings = new ArrayList<>();
        for (Map.Entry<String, Check> check : all().entrySet()) {
            if (only.isEmpty() || only.contains(check.getKey())) {
                findings.addAll(one(check.getKey(), check.getValue(), plan, topology));
            }
            if (check.getKey().equals(REACHABLE) && failed(findings)) {
                // Every other check would say the same again, each after its own time to connect.
                return findings;
            }
        }
        return findings;
    }

    private static boolean failed(List<Finding> findings) {
        return findings.stream().anyMatch(finding -> finding.severity() == Finding.Severity.FAIL);
    }

    private static List<Finding> one(String name, Check check, MigrationPlan plan, Topology topology) {
        Findings findings = new Findings(name);
        try {
            check.run(plan, topology, findings);
        } catch (SQLException e) {
            findings.fail(
                    plan.migration(),
                    "the check could not run: " + e.getMessage(),
                    "Look at the statement's error; grants are checked by 'grants'.");
        } catch (UnreachableException e) {
            findings.fail(
                    plan.migration(),
                    String.valueOf(e.getMessage()),
                    "Start the server or correct its address in the plan.");
        }
        return findings.all();
    }
}
