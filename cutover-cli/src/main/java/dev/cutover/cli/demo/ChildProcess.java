package dev.cutover.cli.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A Java process of the demo that cannot outlive it, not even a kill -9: a small shell is its parent and reads a pipe whose only writer
 * is this JVM; when the pipe ends, the shell ends the child. Safe for many threads.
 */
final class ChildProcess implements AutoCloseable {
    private static final String SUPERVISOR = """
            trap '' INT HUP
            exec 3<&0
            ( trap - INT HUP; exec "$@" ) </dev/null 3<&- &
            child=$!
            ( read -r ignored <&3; kill -TERM "$child"; sleep 3; kill -KILL "$child" ) >/dev/null 2>&1 &
            reader=$!
            trap 'kill -TERM "$child"' TERM
            wait "$child"
            status=$?
            while kill -0 "$child" 2>/dev/null; do wait "$child"; done
            kill -KILL "$reader" 2>/dev/null
            exit "$status"
            """;
    private static final Duration END = Duration.ofSeconds(15);

    private final String name;
    private final Process supervisor;
    private final Path output;

    private ChildProcess(String name, Process supervisor, Path output) {
        this.name = name;
        this.supervisor = supervisor;
        this.output = output;
    }

    /**
     * Starts {@code java -cp classPath main words…}; what it prints goes to {@code name.out} in the folder.
     *
     * @param niceness how much it steps back for others, 0 to 19
     */
    static ChildProcess java(
            String name,
            int niceness,
            Path folder,
            String classPath,
            String main,
            List<String> words,
            Map<String, String> environment) {
        Path output = folder.resolve(name + ".out");
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", SUPERVISOR, "cutover-demo"));
        if (niceness > 0) {
            command.addAll(List.of("nice", "-n", Integer.toString(niceness)));
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-cp", classPath, main));
        command.addAll(words);
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        try {
            return new ChildProcess(name, builder.start(), output);
        } catch (IOException e) {
            throw new DemoFailedException("Could not start " + name + ": " + e.getMessage(), e);
        }
    }

    boolean alive() {
        return supervisor.isAlive();
    }

    /** The first line of the output that begins so; empty until there is one. */
    Optional<String> line(String beginning) {
        try (BufferedReader reader = Files.newBufferedReader(output, StandardCharsets.UTF_8)) {
            return reader.lines().filter(line -> line.startsWith(beginning)).findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The last lines of its output, for a message. */
    String lastWords() {
        try {
            List<String> lines = Files.readAllLines(output, StandardCharsets.UTF_8);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
        } catch (IOException e) {
            return "(" + name + " printed nothing that can be read)";
        }
    }

    /** Asks it to end, and makes it end when it does not. */
    @Override
    public void close() {
        supervisor.destroy();
        try {
            if (!supervisor.waitFor(END.toMillis(), TimeUnit.MILLISECONDS)) {
                supervisor.descendants().forEach(ProcessHandle::destroyForcibly);
                supervisor.destroyForcibly();
            }
        } catch (InterruptedException e) {
            supervisor.descendants().forEach(ProcessHandle::destroyForcibly);
            supervisor.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
