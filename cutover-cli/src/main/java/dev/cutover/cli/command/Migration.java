package dev.cutover.cli.command;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.Narrator;
import dev.cutover.cli.step.StepContext;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Topology;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** A plan with its databases and the threads of one command; closed when the command ends. */
record Migration(MigrationPlan plan, Topology topology, ControlDatabase control, ExecutorService threads, String actor)
        implements AutoCloseable {

    static Migration open(MigrationPlan plan, String actor) {
        Topology topology = Topology.open(plan, "cutover");
        ExecutorService threads = Executors.newCachedThreadPool(runnable -> {
            Thread thread = new Thread(runnable, "cutover-databases");
            thread.setDaemon(true);
            return thread;
        });
        return new Migration(plan, topology, new MySqlControlDatabase(topology.control()), threads, actor);
    }

    StepContext context(@Nullable String reason, @Nullable Duration timeout, Narrator narrator) {
        return new StepContext(
                plan, topology, control, threads, actor, reason, timeout, narrator, Failpoints.ofThisJvm());
    }

    /** The register of this plan's migration. */
    Register register() {
        Register register = control.readIfInstalled().orElseThrow(() -> Invocation.notInstalled(plan));
        if (!register.migration().equals(plan.migration())) {
            throw new CommandFailedException(
                    Problem.PLAN_CHANGED,
                    "The control database " + plan.control().describe() + " belongs to the migration '"
                            + register.migration() + "', this plan moves '" + plan.migration() + "'.",
                    "name another control database in the plan, or use the plan of '" + register.migration() + "'");
        }
        return register;
    }

    @Override
    public void close() {
        threads.shutdown();
        topology.close();
    }
}
