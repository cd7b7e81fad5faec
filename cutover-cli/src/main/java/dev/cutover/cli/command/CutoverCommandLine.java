package dev.cutover.cli.command;

import dev.cutover.cli.console.Console;
import dev.cutover.cli.console.FailureText;
import dev.cutover.cli.console.OutputFormat;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Failures;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.stage.Stage;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs one command line: every way to fail ends in the one shape of a failure and its exit code. */
public final class CutoverCommandLine {
    private CutoverCommandLine() {}

    /** Parses and runs; returns the exit code. */
    public static int execute(Surroundings surroundings, PrintWriter out, PrintWriter err, String... arguments) {
        return create(surroundings, arguments).setOut(out).setErr(err).execute(arguments);
    }

    static CommandLine create(Surroundings surroundings, String... words) {
        CommandLine line = new CommandLine(new CutoverCommand(surroundings));
        CommandList.addTo(line, words);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.registerConverter(Duration.class, new DurationWords());
        line.registerConverter(Stage.class, new StageWords());
        line.setUsageHelpAutoWidth(false);
        line.setUsageHelpWidth(100);
        CommandGroups.render(line);
        line.setParameterExceptionHandler((failure, arguments) -> usage(surroundings, failure, arguments));
        line.setExecutionExceptionHandler((failure, command, parsed) -> ended(surroundings, failure, command));
        return line;
    }

    private static int usage(Surroundings surroundings, ParameterException failure, String[] arguments) {
        CommandLine command = failure.getCommandLine();
        String name = command.getCommandSpec().qualifiedName(" ");
        StringBuilder sentence = new StringBuilder(sentence(failure));
        if (failure instanceof UnmatchedArgumentException unmatched) {
            List<String> near = Nearest.to(unmatched.getUnmatched().get(0), command);
            if (!near.isEmpty()) {
                sentence.append(" Did you mean: ")
                        .append(String.join(", ", near))
                        .append('?');
            }
        }
        Console console = new Console(
                command.getOut(),
                command.getErr(),
                asksForJson(arguments) ? OutputFormat.JSON : OutputFormat.TEXT,
                false,
                false,
                surroundings.prompt());
        CommandFailedException shaped =
                new CommandFailedException(Problem.USAGE, sentence.toString(), name + " --help");
        FailureText.print(console, shaped, surroundings.log());
        return shaped.problem().exit().number();
    }

    private static String sentence(ParameterException failure) {
        String message = String.valueOf(failure.getMessage());
        if (failure instanceof MissingParameterException || !message.endsWith(".")) {
            return message.strip() + ".";
        }
        return message.strip();
    }

    private static int ended(Surroundings surroundings, Exception failure, CommandLine command) {
        if (failure instanceof ParameterException usage) {
            return usage(surroundings, usage, new String[0]);
        }
        CutoverCommand root = (CutoverCommand) command.getCommandSpec().root().userObject();
        Console console =
                new Console(command.getOut(), command.getErr(), root.output, false, root.quiet, surroundings.prompt());
        CommandFailedException shaped = Failures.shape(failure);
        FailureText.print(console, shaped, surroundings.log());
        return shaped.problem().exit().number();
    }

    private static boolean asksForJson(String[] arguments) {
        String all = " " + String.join(" ", arguments).toLowerCase(Locale.ROOT) + " ";
        return all.contains(" -o json ")
                || all.contains(" -ojson ")
                || all.contains(" -o=json ")
                || all.contains(" --output json ")
                || all.contains(" --output=json ");
    }
}
