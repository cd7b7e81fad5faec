package dev.cutover.cli.command;

import dev.cutover.cli.step.SingleWriteStep;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code cutover single-write}. */
@Command(
        name = "single-write",
        header = "FROZEN to SINGLE_WRITE: the application writes through the proxy, to old alone.",
        footer = {"", "Examples:", "  cutover single-write", "  cutover single-write --yes --expect-stage FROZEN"})
final class SingleWriteCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Mixin
    MutationFlags flags = new MutationFlags();

    @Override
    public Integer call() {
        return new StageRunner(invocation, flags).run(new SingleWriteStep(), Severity.MODERATE);
    }
}
