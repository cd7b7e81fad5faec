package dev.cutover.cli.command;

import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.DualWriteStep;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code cutover dual-write on|off}. */
@Command(
        name = "dual-write",
        header = "Mirror writes to the other side, or stop it.",
        footer = {"", "Examples:", "  cutover dual-write on --yes", "  cutover dual-write off --yes"})
final class DualWriteCommand implements Runnable {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public void run() {
        throw Subcommands.missing(invocation);
    }

    @Command(
            name = "on",
            header = "STATIC_COPIED to DUAL_WRITE: stream and mirrors begin.",
            footer = {"", "Example:", "  cutover dual-write on"})
    int on(@Mixin Invocation here, @Mixin MutationFlags flags) {
        return new StageRunner(here, flags).run(new DualWriteStep(), Severity.MODERATE);
    }

    @Command(
            name = "off",
            header = "DUAL_WRITE back to STATIC_COPIED.",
            footer = {"", "Example:", "  cutover dual-write off"})
    int off(@Mixin Invocation here, @Mixin MutationFlags flags) {
        StageRunner runner = new StageRunner(here, flags);
        try (Migration migration = here.open()) {
            Register register = migration.register();
            runner.expect(register);
            if (!register.mirror()) {
                here.console()
                        .result(
                                "Step",
                                migration.plan().migration(),
                                Json.object()
                                        .put("command", "dual-write off")
                                        .put("already", true)
                                        .put("stage", register.stage().name()),
                                to -> to.line("Already done: writes go to " + register.truth() + " alone."));
                return 0;
            }
            if (register.stage() != Stage.DUAL_WRITE) {
                String fix = register.stage() == Stage.SWITCHED
                        ? "cutover complete   ends it for ever,  cutover rollback  goes back to old"
                        : "cutover rollback --to DUAL_WRITE   first";
                throw new CommandFailedException(
                        Problem.WRONG_ORDER,
                        "Dual write cannot end in " + register.stage() + ": the copy is only right while it goes on.",
                        fix);
            }
            return runner.perform(
                    migration, register, "dual-write off", Severity.MODERATE, new Undo(new DualWriteStep()));
        }
    }
}
