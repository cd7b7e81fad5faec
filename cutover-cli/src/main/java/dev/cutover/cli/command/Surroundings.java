package dev.cutover.cli.command;

import dev.cutover.cli.console.Prompt;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command takes from outside its arguments.
 *
 * @param environment the environment variables
 * @param folder where relative paths begin
 * @param prompt who can be asked
 * @param terminal whether standard output is a terminal
 * @param log where stack traces go
 * @param actor who is named in events
 */
public record Surroundings(
        Map<String, String> environment, Path folder, Prompt prompt, boolean terminal, Path log, String actor) {
    public Surroundings {
        environment = Map.copyOf(environment);
    }

    public static Surroundings ofThisProcess(Path log) {
        Prompt prompt = Prompt.terminal();
        String user = System.getProperty("user.name", "unknown");
        return new Surroundings(
                System.getenv(),
                Path.of("").toAbsolutePath(),
                prompt,
                prompt.present(),
                log,
                user + "/" + ProcessHandle.current().pid());
    }
}
