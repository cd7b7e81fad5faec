package dev.cutover.cli.command;

import dev.cutover.cli.console.Prompt;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;

/** One command line as a user or a script types it, with what it printed. */
public record TypedCommand(int exitCode, String out, String err) {
    public static TypedCommand run(Path folder, String... words) {
        return run(folder, Prompt.absent(), words);
    }

    public static TypedCommand run(Path folder, Prompt prompt, String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Surroundings surroundings =
                new Surroundings(Map.of(), folder, prompt, false, Path.of("/nowhere/cutover.log"), "tester/1");
        int exitCode =
                CutoverCommandLine.execute(surroundings, new PrintWriter(out, true), new PrintWriter(err, true), words);
        return new TypedCommand(exitCode, out.toString(), err.toString());
    }
}
