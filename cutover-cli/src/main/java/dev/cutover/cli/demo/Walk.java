package dev.cutover.cli.demo;

import dev.cutover.cli.console.Console;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Types commands one after the other, shows what they print, and keeps the time of each. Owned by one thread. */
final class Walk {
    private final CommandRunner runner;
    private final Path folder;
    private final Console console;
    private final List<DemoReport.StageTime> times = new ArrayList<>();

    Walk(CommandRunner runner, Path folder, Console console) {
        this.runner = runner;
        this.folder = folder;
        this.console = console;
    }

    /** When a command ran, and how it ended. */
    record Step(Instant from, Instant to, int exitCode, String output) {
        Duration took() {
            return Duration.between(from, to);
        }
    }

    /** Runs a command that must succeed. */
    Step run(String... words) {
        Step step = attempt(words);
        if (step.exitCode() != 0) {
            throw new DemoFailedException(
                    "cutover " + String.join(" ", words) + " ended with exit code " + step.exitCode() + ".",
                    step.exitCode(),
                    null);
        }
        return step;
    }

    /** Runs a command that may be refused. */
    Step attempt(String... words) {
        console.note("");
        console.note(console.strong("$ ./cutover " + String.join(" ", words)));
        StringWriter text = new StringWriter();
        Instant from = Instant.now();
        PrintWriter writer = new PrintWriter(text, true);
        int exitCode = runner.run(folder, writer, writer, words);
        Instant to = Instant.now();
        text.toString().lines().forEach(line -> console.note("  " + line));
        Step step = new Step(from, to, exitCode, text.toString());
        times.add(new DemoReport.StageTime(name(words), step.took().toMillis() / 1_000.0));
        return step;
    }

    private static String name(String... words) {
        List<String> name = new ArrayList<>();
        for (String word : words) {
            if (word.startsWith("--yes") || word.startsWith("--confirm") || word.startsWith("--reason")) {
                continue;
            }
            name.add(word);
        }
        return String.join(" ", name);
    }

    List<DemoReport.StageTime> times() {
        return List.copyOf(times);
    }
}
