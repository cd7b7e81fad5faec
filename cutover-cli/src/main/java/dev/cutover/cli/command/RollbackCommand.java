package dev.cutover.cli.command;

import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.StageOrder;
import dev.cutover.cli.step.StageStep;
import dev.cutover.cli.step.SwitchLimits;
import dev.cutover.cli.step.SwitchStep;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutover rollback}. */
@Command(
        name = "rollback",
        header = "Go back one stage, or to a stage; loses nothing, also after the switch.",
        footer = {
            "",
            "Examples:",
            "  cutover rollback --dry-run",
            "  cutover rollback --yes --reason 'p99 doubled'",
            "  cutover rollback --to SINGLE_WRITE --yes"
        })
final class RollbackCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Mixin
    MutationFlags flags = new MutationFlags();

    @Mixin
    SwitchFlags limits = new SwitchFlags();

    @Option(names = "--to", paramLabel = "STAGE", description = "Go back until this stage; default the one before.")
    @Nullable
    Stage to;

    @Override
    public Integer call() {
        StageRunner runner = new StageRunner(invocation, flags);
        try (Migration migration = invocation.open()) {
            Register register = migration.register();
            runner.expect(register);
            Stage target = to;
            if (register.stage() == Stage.PLANNED || target != null && register.stage() == target) {
                invocation
                        .console()
                        .result(
                                "Step",
                                migration.plan().migration(),
                                Json.object()
                                        .put("command", "rollback")
                                        .put("already", true)
                                        .put("stage", register.stage().name()),
                                console ->
                                        console.line("Already there: the migration is in " + register.stage() + "."));
                return ExitCode.DONE.number();
            }
            if (target != null && target.atLeast(register.stage())) {
                throw new CommandFailedException(
                        Problem.WRONG_ORDER,
                        "A rollback goes back: the migration is in " + register.stage() + ", " + target
                                + " lies ahead.",
                        "cutover next");
            }
            return stepBack(runner, migration, register, target);
        }
    }

    private int stepBack(StageRunner runner, Migration migration, Register begun, @Nullable Stage target) {
        Register register = begun;
        while (true) {
            Optional<StageStep> undone = StageOrder.undoes(
                    migration.plan(),
                    register,
                    new SwitchStep(limits.over(SwitchLimits.of(migration.plan().switchPlan()))));
            if (undone.isEmpty()) {
                return ExitCode.DONE.number();
            }
            if (register.stage() == Stage.COMPLETED) {
                throw new CommandFailedException(
                        Problem.NO_WAY_BACK,
                        "The migration is COMPLETED: what was written since has not been carried back to old.",
                        "a migration the other way, with a plan of its own");
            }
            int exit = runner.perform(migration, register, "rollback", Severity.MODERATE, new Undo(undone.get()));
            register = migration.register();
            if (exit != 0
                    || flags.dryRun
                    || target == null
                    || !register.stage().atLeast(target)
                    || register.stage() == target) {
                return exit;
            }
        }
    }
}
