package dev.cutover.migrator;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.topology.Topology;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A worker of a plan file in a JVM of its own, until it is killed. */
final class WorkerMain {
    private WorkerMain() {}

    public static void main(String[] words) throws IOException {
        MigrationPlan plan = PlanReader.parse(Files.readString(Path.of(words[0])), words[0], true);
        try (Topology topology = Topology.open(plan, "migrator-test");
                MigrationWorker worker = new MigrationWorker(
                        plan,
                        topology,
                        new MySqlControlDatabase(topology.control()),
                        "worker-process",
                        new SimpleMeterRegistry(),
                        Failpoints.NONE)) {
            worker.run();
        }
    }
}
