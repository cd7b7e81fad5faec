package dev.cutover.cli.command;

import dev.cutover.cli.console.Console;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command can ask for: the global options, the plan, the console. Mixed into each command. */
@Command
final class Invocation {
    @Spec(Spec.Target.MIXEE)
    @Nullable
    CommandSpec mixee;

    CommandSpec spec() {
        return Objects.requireNonNull(mixee, "picocli sets the spec");
    }

    CutoverCommand root() {
        return (CutoverCommand) spec().root().userObject();
    }

    Surroundings surroundings() {
        return root().surroundings();
    }

    Console console() {
        CutoverCommand root = root();
        Surroundings surroundings = surroundings();
        return new Console(
                spec().commandLine().getOut(),
                spec().commandLine().getErr(),
                root.output,
                root.colour.on(surroundings.terminal(), surroundings.environment()),
                root.quiet,
                surroundings.prompt());
    }

    /** The command as it was typed, with the options that name the plan. */
    String typed() {
        Path file = root().file;
        return spec().qualifiedName(" ") + (file == null ? "" : " -f " + file);
    }

    Path planFile() {
        Path file = root().file;
        if (file == null) {
            String configured = surroundings().environment().getOrDefault("CUTOVER_CONFIG", "");
            file = configured.isEmpty() ? Path.of("cutover.yaml") : Path.of(configured);
        }
        return surroundings().folder().resolve(file);
    }

    MigrationPlan plan() {
        MigrationPlan plan = PlanReader.read(planFile());
        String expected = root().migration;
        if (expected != null && !expected.equals(plan.migration())) {
            throw new ParameterException(
                    spec().commandLine(),
                    "The plan " + planFile() + " moves '" + plan.migration() + "', not '" + expected + "'");
        }
        return plan;
    }

    /** Opens what the plan names; nothing is connected before it is asked for. */
    Migration open() {
        return Migration.open(plan(), surroundings().actor());
    }

    /** The failure of a command that needs {@code cutover init} first. */
    static CommandFailedException notInstalled(MigrationPlan plan) {
        return new CommandFailedException(
                Problem.NOT_INSTALLED,
                "The control database " + plan.control().describe() + " knows nothing of a migration yet.",
                "cutover init");
    }
}
