package dev.cutover.cli.command;

import dev.cutover.cli.console.Colour;
import dev.cutover.cli.console.OutputFormat;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root command and the options that every command takes, before or after its name; the commands are in {@link CommandList}. */
@Command(
        name = "cutover",
        versionProvider = VersionText.class,
        synopsisSubcommandLabel = "COMMAND",
        header = "Moves MySQL tables into a sharded schema while the application keeps serving.%n",
        footer = {
            "",
            "Examples:",
            "  cutover demo                     watch a whole migration on this machine, in four minutes",
            "  cutover plan                     all stages of ./cutover.yaml, read-only",
            "  cutover status --watch           where we are, every two seconds",
            "  cutover next                     the one verb to remember",
            "",
            "Exit codes: 0 done or clean, 1 bug, 2 usage, 3 differences, 4 refused by a gate, 5 not confirmed,",
            "6 unreachable, 7 timed out and rolled back, 8 conflict, 9 half way and resumable, 10 plan invalid."
        })
public final class CutoverCommand implements Callable<Integer> {
    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = {"-f", "--file"},
            scope = ScopeType.INHERIT,
            paramLabel = "FILE",
            description = "The plan file; default $CUTOVER_CONFIG, then ./cutover.yaml.")
    @Nullable
    Path file;

    @Option(
            names = {"-m", "--migration"},
            scope = ScopeType.INHERIT,
            paramLabel = "NAME",
            description = "Refuse to run when the plan moves another migration.")
    @Nullable
    String migration;

    @Option(
            names = {"-o", "--output"},
            scope = ScopeType.INHERIT,
            paramLabel = "FORMAT",
            defaultValue = "${env:CUTOVER_OUTPUT:-text}",
            description = "text or json; with json, standard output carries only data.")
    OutputFormat output = OutputFormat.TEXT;

    @Option(
            names = "--color",
            scope = ScopeType.INHERIT,
            paramLabel = "WHEN",
            defaultValue = "${env:CUTOVER_COLOR:-auto}",
            description = "auto, always or never; NO_COLOR is honoured.")
    Colour colour = Colour.AUTO;

    @Option(
            names = {"-q", "--quiet"},
            scope = ScopeType.INHERIT,
            description = "Results only.")
    boolean quiet;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Say more about the way there.")
    boolean verbose;

    @Option(names = "--no-input", scope = ScopeType.INHERIT, description = "Never ask; refuse instead.")
    boolean noInput;

    @Option(
            names = {"-h", "--help"},
            scope = ScopeType.INHERIT,
            usageHelp = true,
            description = "Show this help.")
    boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version.")
    boolean version;

    private final Surroundings surroundings;

    CutoverCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    Surroundings surroundings() {
        return surroundings;
    }

    @Override
    public Integer call() {
        CommandSpec here = Objects.requireNonNull(spec, "picocli sets the spec");
        here.commandLine().usage(here.commandLine().getOut());
        return 0;
    }
}
