package dev.cutover.cli.command;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.RampStep;
import dev.cutover.cli.step.ShadowStep;
import dev.cutover.core.stage.Register;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code cutover reads ramp|shadow}. */
@Command(
        name = "reads",
        header = "Move reads to new step by step, or compare them on both sides.",
        footer = {
            "",
            "Examples:",
            "  cutover reads shadow 5 --yes",
            "  cutover reads ramp --step --yes",
            "  cutover reads ramp --to 0"
        })
final class ReadsCommand implements Runnable {
    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public void run() {
        throw Subcommands.missing(invocation);
    }

    @Command(
            name = "ramp",
            header = "VERIFIED to RAMPING: this share of the users reads from new.",
            footer = {
                "",
                "Examples:",
                "  cutover reads ramp --step",
                "  cutover reads ramp --to 25 --yes",
                "  cutover reads ramp --to 0"
            })
    int ramp(
            @Mixin Invocation here,
            @Mixin MutationFlags flags,
            @Option(names = "--to", paramLabel = "PERCENT", description = "This share, 0 to 100.") @Nullable Integer to,
            @Option(names = "--step", description = "The plan's next step.") boolean step) {
        if ((to == null) != step) {
            throw new ParameterException(here.spec().commandLine(), "Say either --to PERCENT or --step");
        }
        if (to != null && (to < 0 || to > 100)) {
            throw new ParameterException(here.spec().commandLine(), "--to takes 0 to 100, not " + to);
        }
        int percent = to != null ? to : nextStep(here);
        return new StageRunner(here, flags)
                .run(new RampStep(percent), percent == 0 ? Severity.MILD : Severity.MODERATE);
    }

    private static int nextStep(Invocation here) {
        try (Migration migration = here.open()) {
            Register register = migration.register();
            if (register.readPercent() == 100) {
                throw new CommandFailedException(
                        Problem.WRONG_ORDER, "All users read from new already.", "cutover switch");
            }
            return RampStep.nextPercent(migration.plan().reads().steps(), register.readPercent());
        }
    }

    @Command(
            name = "shadow",
            header = "Compare this share of the reads on both sides; answers stay those of old.",
            footer = {"", "Examples:", "  cutover reads shadow 5", "  cutover reads shadow 0"})
    int shadow(
            @Mixin Invocation here,
            @Mixin MutationFlags flags,
            @Parameters(index = "0", paramLabel = "PERCENT", description = "0 to 100; 0 ends it.") int percent) {
        if (percent < 0 || percent > 100) {
            throw new ParameterException(here.spec().commandLine(), "A share runs from 0 to 100, not " + percent);
        }
        return new StageRunner(here, flags).run(new ShadowStep(percent), Severity.MILD);
    }
}
