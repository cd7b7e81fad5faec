package dev.cutover.cli.command;

import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code cutover help COMMAND}. */
@Command(
        name = "help",
        header = "Show the help of a command.",
        footer = {"", "Example:", "  cutover help copy dynamic"})
final class HelpCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "The command; nothing for all of them.")
    @Nullable
    List<String> words;

    @Override
    public Integer call() {
        CommandLine line = invocation.spec().root().commandLine();
        List<String> path = words == null ? List.of() : words;
        for (String word : path) {
            @Nullable CommandLine sub = line.getSubcommands().get(word);
            if (sub == null) {
                List<String> near = Nearest.to(word, line);
                throw new ParameterException(
                        invocation.spec().commandLine(),
                        "There is no command '" + word + "'."
                                + (near.isEmpty() ? "" : " Did you mean: " + String.join(", ", near) + "?"));
            }
            line = sub;
        }
        line.usage(invocation.spec().commandLine().getOut());
        return 0;
    }
}
