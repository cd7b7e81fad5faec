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

/** {@code cutover pause}. */
@Command(
        name = "pause",
        header = "Pause the copy, never the application or the stream.",
        footer = {"", "Example:", "  cutover pause      undo:  cutover resume"})
final class PauseCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public Integer call() {
        try (Migration migration = invocation.open()) {
            migration.register();
            boolean paused = migration
                    .control()
                    .updateJob(
                            CopyDynamicStep.JOB,
                            Set.of(Job.State.REQUESTED, Job.State.RUNNING, Job.State.PAUSED),
                            Job.State.PAUSED,
                            null);
            if (!paused) {
                throw new CommandFailedException(
                        Problem.GATE_NOT_MET, "No copy is running, so there is nothing to pause.", "cutover status");
            }
            invocation
                    .console()
                    .result(
                            "Job",
                            migration.plan().migration(),
                            Json.object().put("job", CopyDynamicStep.JOB).put("state", "PAUSED"),
                            to -> to.line("The copy pauses after the chunk it is at. Undo:  cutover resume"));
            return ExitCode.DONE.number();
        }
    }
}
