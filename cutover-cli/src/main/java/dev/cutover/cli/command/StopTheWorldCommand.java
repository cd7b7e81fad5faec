package dev.cutover.cli.command;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.StopTheWorldStep;
import dev.cutover.cli.step.SwitchLimits;
import dev.cutover.core.plan.MigrationPlan;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code cutover stop-the-world run}. */
@Command(
        name = "stop-the-world",
        header = "Copy and switch in one go while nobody writes; for plans with strategy: stop-the-world.",
        footer = {"", "Example:", "  cutover stop-the-world run --confirm=mall-coupons --reason 'night window'"})
final class StopTheWorldCommand implements Runnable {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public void run() {
        throw Subcommands.missing(invocation);
    }

    @Command(
            name = "run",
            header = "STATIC_COPIED to SWITCHED: close old, copy everything, verify, open new.",
            footer = {"", "Example:", "  cutover stop-the-world run --dry-run"})
    int runAll(@Mixin Invocation here, @Mixin MutationFlags flags) {
        MigrationPlan plan = here.plan();
        if (plan.strategy() != MigrationPlan.Strategy.STOP_THE_WORLD) {
            throw new CommandFailedException(
                    Problem.WRONG_ORDER,
                    "The plan of " + plan.migration() + " is rolling: the application keeps serving.",
                    "cutover next   or write  strategy: stop-the-world  into the plan before init");
        }
        return new StageRunner(here, flags)
                .run(new StopTheWorldStep(SwitchLimits.of(plan.switchPlan())), Severity.SEVERE);
    }
}
