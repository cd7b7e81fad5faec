package dev.cutover.cli.command;

import dev.cutover.cli.step.CompleteStep;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code cutover complete}. */
@Command(
        name = "complete",
        header = "SWITCHED to COMPLETED: nothing is carried back any more. There is no way back.",
        footer = {"", "Example:", "  cutover complete --confirm=mall-coupons --reason 'two weeks without a look back'"})
final class CompleteCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Mixin
    MutationFlags flags = new MutationFlags();

    @Override
    public Integer call() {
        return new StageRunner(invocation, flags).run(new CompleteStep(), Severity.SEVERE);
    }
}
