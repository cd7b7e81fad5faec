package dev.cutover.cli.command;

import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.FreezeStep;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code cutover freeze on|off}. */
@Command(
        name = "freeze",
        header = "Stop or allow back-office changes of the static tables.",
        footer = {"", "Examples:", "  cutover freeze on", "  cutover freeze off --reason 'not this week'"})
final class FreezeCommand implements Runnable {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public void run() {
        throw Subcommands.missing(invocation);
    }

    @Command(
            name = "on",
            header = "PLANNED to FROZEN.",
            footer = {"", "Example:", "  cutover freeze on"})
    int on(@Mixin Invocation on, @Mixin MutationFlags flags) {
        return new StageRunner(on, flags).run(new FreezeStep(), Severity.MILD);
    }

    @Command(
            name = "off",
            header = "FROZEN back to PLANNED.",
            footer = {"", "Example:", "  cutover freeze off"})
    int off(@Mixin Invocation off, @Mixin MutationFlags flags) {
        StageRunner runner = new StageRunner(off, flags);
        try (Migration migration = off.open()) {
            Register register = migration.register();
            runner.expect(register);
            if (!register.frozen()) {
                off.console()
                        .result(
                                "Step",
                                migration.plan().migration(),
                                Json.object()
                                        .put("command", "freeze off")
                                        .put("already", true)
                                        .put("stage", register.stage().name()),
                                to -> to.line("Already done: the back office is not frozen."));
                return 0;
            }
            if (register.stage() != Stage.FROZEN) {
                throw new CommandFailedException(
                        Problem.WRONG_ORDER,
                        "The back office stays frozen while the migration is in " + register.stage()
                                + ": what was copied only once must not change.",
                        "cutover rollback --to FROZEN   first, or  cutover complete  in the end");
            }
            return runner.perform(migration, register, "freeze off", Severity.MILD, new Undo(new FreezeStep()));
        }
    }
}
