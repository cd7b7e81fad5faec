package dev.cutover.cli.command;

import dev.cutover.cli.step.CopyDynamicStep;
import dev.cutover.cli.step.CopyStaticStep;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutover copy static|dynamic}. */
@Command(
        name = "copy",
        header = "Copy rows to new: static once, dynamic while they change.",
        footer = {"", "Examples:", "  cutover copy static --yes", "  cutover copy dynamic --yes --detach"})
final class CopyCommand implements Runnable {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public void run() {
        throw Subcommands.missing(invocation);
    }

    @Command(
            name = "static",
            header = "SINGLE_WRITE to STATIC_COPIED: copy the frozen tables and compare them.",
            footer = {"", "Examples:", "  cutover copy static", "  cutover copy static --dry-run"})
    int copyStatic(@Mixin Invocation here, @Mixin MutationFlags flags) {
        return new StageRunner(here, flags).run(new CopyStaticStep(), Severity.MODERATE);
    }

    @Command(
            name = "dynamic",
            header = "DUAL_WRITE to DYNAMIC_COPIED: the worker copies, the stream keeps in step.",
            footer = {
                "",
                "Examples:",
                "  cutover copy dynamic",
                "  cutover copy dynamic --yes --detach     the worker goes on, this command returns",
                "  cutover copy dynamic --restart          from the beginning, on empty tables"
            })
    int copyDynamic(
            @Mixin Invocation here,
            @Mixin MutationFlags flags,
            @Option(names = "--restart", description = "Empty the tables and copy from the beginning.") boolean restart,
            @Option(names = "--detach", description = "Ask the worker and return.") boolean detach) {
        return new StageRunner(here, flags)
                .run(new CopyDynamicStep(restart, detach), restart ? Severity.SEVERE : Severity.MODERATE);
    }
}
