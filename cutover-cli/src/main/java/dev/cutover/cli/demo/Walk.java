package dev.cutover.cli.demo;

import dev.cutover.cli.console.Console;
import dev.cutover.cli.step.Waiting;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/** Types commands one after the other, shows what they print, and keeps the time of each. Owned by one thread. */
final class Walk {
    private static final int ATTEMPTS = 5;
    private static final Duration MOMENT = Duration.ofSeconds(3);

    // Gates and timeouts say that nothing changed and that it may be tried again; 3 stands for "not proven" here.
    private static final Set<Integer> AGAIN = Set.of(3, 4, 7);

    private final CommandRunner runner;
    private final Path folder;
    private final Console console;
    private final List<DemoReport.StageTime> times = new ArrayList<>();
    private LongSupplier acknowledged = () -> 0;

    Walk(CommandRunner runner, Path folder, Console console) {
        this.runner = runner;
        this.folder = folder;
        this.console = console;
    }

    /** From now on the writes acknowledged during a stage are counted. */
    void watch(LongSupplier acknowledgedByNow) {
        acknowledged = acknowledgedByNow;
    }

    /** When a command ran, and how it ended. */
    record Step(Instant from, Instant to, int exitCode, String output) {
        Duration took() {
            return Duration.between(from, to);
        }
    }

    /** Runs a command that must succeed. */
    Step run(String... words) {
        return succeeded(attempt(words), words);
    }

    /** Runs a command that may be refused for a while on a busy machine: by a lag, a pause used up, a row that moved each time. */
    Step persist(String... words) {
        Step step = attempt(words);
        for (int again = 1; again < ATTEMPTS && AGAIN.contains(step.exitCode()); again++) {
            console.note("  (again in a moment)");
            Waiting.pause(MOMENT);
            step = attempt(words);
        }
        return succeeded(step, words);
    }

    private static Step succeeded(Step step, String... words) {
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
        long before = acknowledged.getAsLong();
        Instant from = Instant.now();
        PrintWriter writer = new PrintWriter(text, true);
        int exitCode = runner.run(folder, writer, writer, words);
        Instant to = Instant.now();
        text.toString().lines().forEach(line -> console.note("  " + line));
        Step step = new Step(from, to, exitCode, text.toString());
        times.add(new DemoReport.StageTime(
                name(words), step.took().toMillis() / 1_000.0, acknowledged.getAsLong() - before));
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
