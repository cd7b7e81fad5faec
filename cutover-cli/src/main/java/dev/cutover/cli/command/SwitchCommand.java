package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.Narrator;
import dev.cutover.cli.step.StageStep;
import dev.cutover.cli.step.StopTheWorldStep;
import dev.cutover.cli.step.SwitchLimits;
import dev.cutover.cli.step.SwitchSettlement;
import dev.cutover.cli.step.SwitchStep;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.stage.Register;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutover switch}. */
@Command(
        name = "switch",
        header = "VERIFIED or RAMPING to SWITCHED: new becomes the truth.",
        footer = {
            "",
            "Examples:",
            "  cutover switch --dry-run",
            "  cutover switch --confirm=mall-coupons --reason 'window of 22 November'",
            "  cutover switch --resume           carry out or abort what a dead coordinator left",
            "  cutover switch --abort            the same, never waiting for its lease to end"
        })
final class SwitchCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Mixin
    MutationFlags flags = new MutationFlags();

    @Mixin
    SwitchFlags limits = new SwitchFlags();

    @ArgGroup(exclusive = true)
    @Nullable
    HalfDone halfDone;

    /** What to do with a switch that somebody left half done. */
    static final class HalfDone {
        @Option(
                names = "--resume",
                description = "Carry out what was decided; abort what was not, once its lease has ended.")
        boolean resume;

        @Option(names = "--abort", description = "Abort at once what is not decided; carry out what is.")
        boolean abort;
    }

    @Override
    public Integer call() {
        HalfDone half = halfDone;
        if (half != null) {
            return settle(half.abort);
        }
        MigrationPlan plan = invocation.plan();
        SwitchLimits agreed = limits.over(SwitchLimits.of(plan.switchPlan()));
        StageStep step = plan.strategy() == MigrationPlan.Strategy.STOP_THE_WORLD
                ? new StopTheWorldStep(agreed)
                : new SwitchStep(agreed);
        return new StageRunner(invocation, flags).run(step, Severity.SEVERE);
    }

    private int settle(boolean atOnce) {
        try (Migration migration = invocation.open()) {
            Register register = migration.register();
            if (register.phase() == Register.Phase.STABLE) {
                throw new CommandFailedException(
                        Problem.NOTHING_TO_RESUME,
                        "No switch is under way: the truth is " + register.truth() + " in epoch " + register.epoch()
                                + ".",
                        "cutover status");
            }
            SwitchSettlement settlement =
                    new SwitchSettlement(migration.context(flags.reason, flags.timeout, Narrator.silent()));
            if (!atOnce && register.decision() == Register.Decision.NONE && !settlement.overdue(register)) {
                throw new CommandFailedException(
                        Problem.LOCK_HELD,
                        "The switch is still driven by " + register.leaseOwner() + ", its lease ends at "
                                + register.leaseUntil() + ".",
                        "wait until then, or  cutover switch --abort");
            }
            Register settled = settlement.settle("asked for by " + migration.actor());
            ObjectNode body = Json.object();
            body.put("command", "switch");
            body.put("stage", settled.stage().name());
            body.put("epoch", settled.epoch().number());
            body.put("truth", settled.truth().name());
            invocation
                    .console()
                    .result(
                            "Step",
                            migration.plan().migration(),
                            body,
                            to -> to.line(to.good("✔") + " Settled: the truth is " + settled.truth() + " in epoch "
                                    + settled.epoch() + ", stage " + settled.stage() + "."));
            return ExitCode.DONE.number();
        }
    }
}
