package dev.cutover.cli.command;

import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.CopyDynamicStep;
import dev.cutover.core.stage.Job;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code cutover resume}. */
@Command(
        name = "resume",
        header = "Let a paused copy go on.",
        footer = {"", "Example:", "  cutover resume"})
final class ResumeCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public Integer call() {
        try (Migration migration = invocation.open()) {
            migration.register();
            boolean resumed = migration
                    .control()
                    .updateJob(CopyDynamicStep.JOB, Set.of(Job.State.PAUSED), Job.State.REQUESTED, null);
            if (!resumed) {
                throw new CommandFailedException(Problem.GATE_NOT_MET, "No copy is paused.", "cutover status");
            }
            invocation
                    .console()
                    .result(
                            "Job",
                            migration.plan().migration(),
                            Json.object().put("job", CopyDynamicStep.JOB).put("state", "REQUESTED"),
                            to -> to.line("The copy goes on."));
            return ExitCode.DONE.number();
        }
    }
}
