package dev.cutover.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A short-lived tool of the operating system, run to its end within a bound; its output goes to a file, so it never blocks. */
record Command(List<String> words, Map<String, String> environment, Duration bound) {
    Command {
        words = List.copyOf(words);
        environment = Map.copyOf(environment);
    }

    /** How the tool ended; standard output and standard error are mixed in {@code output}. */
    record Outcome(int status, String output) {
        boolean succeeded() {
            return status == 0;
        }
    }

    static Command of(String... words) {
        return new Command(List.of(words), Map.of(), Duration.ofMinutes(2));
    }

    static Command of(List<String> words) {
        return new Command(words, Map.of(), Duration.ofMinutes(2));
    }

    Command withEnvironment(Map<String, String> variables) {
        return new Command(words, variables, bound);
    }

    Command withBound(Duration newBound) {
        return new Command(words, environment, newBound);
    }

    /** Runs the tool and expects status 0. */
    Outcome orFail() {
        Outcome outcome = run();
        if (!outcome.succeeded()) {
            throw new SandboxException("'" + String.join(" ", words) + "' ended with status " + outcome.status() + ":\n"
                    + outcome.output());
        }
        return outcome;
    }

    Outcome run() {
        return run(null);
    }

    /** Runs the tool with the given bytes as its standard input. */
    Outcome run(@Nullable InputStream input) {
        try {
            Path output = Files.createTempFile("cutover-sandbox-", ".out");
            try {
                ProcessBuilder builder =
                        new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(output.toFile());
                builder.environment().putAll(environment);
                Process process = builder.start();
                feed(process, input);
                if (!ended(process)) {
                    throw new SandboxException("'" + String.join(" ", words) + "' did not end within "
                            + bound.toSeconds() + " s and was killed; its output so far:\n" + text(output));
                }
                return new Outcome(process.exitValue(), text(output));
            } finally {
                Files.deleteIfExists(output);
            }
        } catch (IOException e) {
            throw new SandboxException("Could not run '" + words.get(0) + "': " + e.getMessage(), e);
        }
    }

    private static void feed(Process process, @Nullable InputStream input) throws IOException {
        try (OutputStream sink = process.getOutputStream()) {
            if (input != null) {
                input.transferTo(sink);
            }
        }
    }

    private boolean ended(Process process) {
        try {
            if (process.waitFor(bound.toMillis(), TimeUnit.MILLISECONDS)) {
                return true;
            }
            process.destroyForcibly();
            return false;
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new SandboxException("Interrupted while '" + words.get(0) + "' ran; it was killed.", e);
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
