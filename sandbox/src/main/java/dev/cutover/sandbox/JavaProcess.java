package dev.cutover.sandbox;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * A JVM that cannot outlive this one, not even a kill -9 of it, and that can be killed, stopped and resumed itself.
 *
 * <p>A small shell is its parent and reads a pipe whose only writer is this JVM; when the pipe ends, the shell ends the child. Signals
 * go to the child and never to the shell. Safe for many threads.
 */
public final class JavaProcess implements AutoCloseable {
    // "nice" and the subshell are replaced by what they start, so that $! is the process id of the JVM.
    private static final String SUPERVISOR = """
            trap '' INT HUP
            output=$1
            shift
            exec 3<&0
            ( trap - INT HUP; exec "$@" ) </dev/null 3<&- >"$output" 2>&1 &
            child=$!
            ( read -r ignored <&3; kill -CONT "$child"; kill -TERM "$child"; sleep 3; kill -KILL "$child" ) >/dev/null 2>&1 &
            reader=$!
            trap 'kill -TERM "$child"; kill -CONT "$child"' TERM
            echo "$child"
            exec >/dev/null 2>&1
            wait "$child"
            status=$?
            while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done
            kill -KILL "$reader"
            exit "$status"
            """;
    private static final Duration END = Duration.ofSeconds(15);
    private static final Duration LOOK_EVERY = Duration.ofMillis(5);
    private static final int LAST_LINES = 5;
    private static final int HEAP_MEGABYTES = 512;

    private final String name;
    private final Process supervisor;
    private final ProcessHandle child;
    private final Path output;

    private JavaProcess(String name, Process supervisor, ProcessHandle child, Path output) {
        this.name = name;
        this.supervisor = supervisor;
        this.child = child;
        this.output = output;
    }

    // Short lives on a shared machine: quick to start matters more than fast in the end. The quick compiler may put
    // more
    // into one method than it does by itself, and needs fewer pages for it: a tenth of a service's time.
    private static final List<String> SHORT_LIVED = List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+IgnoreUnrecognizedVMOptions",
            "-XX:C1MaxInlineSize=70",
            "-XX:C1MaxInlineLevel=12",
            "-XX:C1InlineStackLimit=20",
            "-XX:C1MaxTrivialSize=12",
            "-XX:+UseTransparentHugePages");

    /**
     * What to start: {@code java -cp classPath -Dproperty=value… main words…}.
     *
     * @param name what it is called in messages; its output goes to {@code name.out} in the folder, afresh at each start
     * @param niceness how much it steps back for others, 0 to 19
     * @param heapMegabytes how large its heap may get; not of a script
     * @param script a launcher that finds class path and main class itself and then becomes the JVM
     * @param deployed whether it has the collector and the compilers that a JVM chooses by itself; not of a script
     */
    public record Launch(
            String name,
            Path folder,
            String classPath,
            String main,
            List<String> words,
            Map<String, String> environment,
            Map<String, String> properties,
            int niceness,
            int heapMegabytes,
            Optional<Path> script,
            boolean deployed) {
        public Launch {
            words = List.copyOf(words);
            environment = Map.copyOf(environment);
            properties = Map.copyOf(properties);
        }

        public Launch withClassPath(String newClassPath) {
            return new Launch(
                    name,
                    folder,
                    newClassPath,
                    main,
                    words,
                    environment,
                    properties,
                    niceness,
                    heapMegabytes,
                    script,
                    deployed);
        }

        public Launch withEnvironment(Map<String, String> variables) {
            Map<String, String> all = new TreeMap<>(environment);
            all.putAll(variables);
            return new Launch(
                    name, folder, classPath, main, words, all, properties, niceness, heapMegabytes, script, deployed);
        }

        /** With one system property more. */
        public Launch withProperty(String key, String value) {
            Map<String, String> all = new TreeMap<>(properties);
            all.put(key, value);
            return new Launch(
                    name, folder, classPath, main, words, environment, all, niceness, heapMegabytes, script, deployed);
        }

        public Launch withNiceness(int newNiceness) {
            return new Launch(
                    name,
                    folder,
                    classPath,
                    main,
                    words,
                    environment,
                    properties,
                    newNiceness,
                    heapMegabytes,
                    script,
                    deployed);
        }

        /** As in production, where a process lives long enough for the optimising compiler to pay. */
        public Launch asDeployed() {
            return new Launch(
                    name,
                    folder,
                    classPath,
                    main,
                    words,
                    environment,
                    properties,
                    niceness,
                    heapMegabytes,
                    script,
                    true);
        }

        /** With a heap of this many megabytes instead of 512. */
        public Launch withHeap(int megabytes) {
            return new Launch(
                    name,
                    folder,
                    classPath,
                    main,
                    words,
                    environment,
                    properties,
                    niceness,
                    megabytes,
                    script,
                    deployed);
        }

        /** Starts it; returns when the process is there, which is before its main method runs. */
        public JavaProcess start() {
            return JavaProcess.start(this);
        }

        private List<String> command(Path output) {
            List<String> command =
                    new ArrayList<>(List.of("/bin/sh", "-c", SUPERVISOR, "cutover-java", output.toString()));
            if (niceness > 0) {
                command.addAll(List.of("nice", "-n", Integer.toString(niceness)));
            }
            if (script.isPresent()) {
                command.add(script.get().toString());
                command.addAll(words);
                return command;
            }
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            if (!deployed) {
                command.addAll(SHORT_LIVED);
            }
            command.add("-Xmx" + heapMegabytes + "m");
            new TreeMap<>(properties).forEach((key, value) -> command.add("-D" + key + "=" + value));
            command.addAll(List.of("-cp", classPath, main));
            command.addAll(words);
            return command;
        }
    }

    /** A launch with the class path of this JVM, its environment, and nothing else. */
    public static Launch named(String name, Path folder, String main, String... words) {
        return new Launch(
                name,
                folder,
                System.getProperty("java.class.path"),
                main,
                List.of(words),
                Map.of(),
                Map.of(),
                0,
                HEAP_MEGABYTES,
                Optional.empty(),
                false);
    }

    /** A launch through a launcher script; properties go to a JVM through whatever variable the script has for them. */
    public static Launch script(String name, Path folder, Path script, String... words) {
        return new Launch(
                name,
                folder,
                "",
                "",
                List.of(words),
                Map.of(),
                Map.of(),
                0,
                HEAP_MEGABYTES,
                Optional.of(script),
                false);
    }

    private static JavaProcess start(Launch launch) {
        Path output = launch.folder().resolve(launch.name() + ".out");
        try {
            // Before the shell does it: nobody may read what the process before this one printed.
            Files.deleteIfExists(output);
        } catch (IOException e) {
            throw new SandboxException(
                    "The output of " + launch.name() + " cannot be begun anew: " + e.getMessage(), e);
        }
        ProcessBuilder builder = new ProcessBuilder(launch.command(output))
                .directory(launch.folder().toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(launch.environment());
        try {
            Process supervisor = builder.start();
            return new JavaProcess(launch.name(), supervisor, childOf(supervisor), output);
        } catch (IOException e) {
            throw new SandboxException("Could not start " + launch.name() + ": " + e.getMessage(), e);
        }
    }

    private static ProcessHandle childOf(Process supervisor) throws IOException {
        // The stream stays open: the pipe out of the shell ends by itself, and the pipe into it must not end.
        String pid = new BufferedReader(new InputStreamReader(supervisor.getInputStream(), StandardCharsets.US_ASCII))
                .readLine();
        if (pid == null) {
            throw new IOException("the supervising shell ended before it named the process it started");
        }
        // A process that has ended already is stood in for by the shell, which is about to end too.
        return ProcessHandle.of(Long.parseLong(pid.strip())).orElseGet(supervisor::toHandle);
    }

    public String name() {
        return name;
    }

    /** The process id of the JVM, not of the shell above it. */
    public long pid() {
        return child.pid();
    }

    /** True also while it is stopped. */
    public boolean alive() {
        return supervisor.isAlive();
    }

    /** The first line of the output that begins so; empty until there is one. */
    public Optional<String> line(String beginning) {
        try (BufferedReader reader = Files.newBufferedReader(output, StandardCharsets.UTF_8)) {
            return reader.lines().filter(line -> line.startsWith(beginning)).findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** All that it printed so far. */
    public String output() {
        try {
            return Files.readString(output, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "(" + name + " printed nothing that can be read)";
        }
    }

    /** The last lines of its output, for a message. */
    public String lastWords() {
        List<String> lines = output().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    }

    /** SIGKILL of the JVM; returns when it is gone. Killing what has ended does nothing. */
    public void kill() {
        child.destroyForcibly();
        if (end(END).isEmpty()) {
            throw new SandboxException(
                    "Process " + pid() + " of " + name + " is still there " + END.toSeconds() + " s after SIGKILL.");
        }
    }

    /** SIGSTOP of the JVM; returns when every thread of it stands still. */
    public void stop() {
        signal("STOP");
        long deadline = System.nanoTime() + END.toNanos();
        while (alive() && !stopped()) {
            if (System.nanoTime() - deadline > 0 || end(LOOK_EVERY).isPresent()) {
                throw new SandboxException("Process " + pid() + " of " + name + " did not stop on SIGSTOP.");
            }
        }
    }

    /** SIGCONT of the JVM. */
    public void resume() {
        signal("CONT");
    }

    /** Whether every thread of the JVM stands still, by our SIGSTOP or by its own. */
    public boolean stopped() {
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid()), "task"))) {
            for (Path task : tasks) {
                String stat = Files.readString(task.resolve("stat"), StandardCharsets.ISO_8859_1);
                // pid (name) state …; the name may hold anything, a parenthesis too.
                if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') {
                    return false;
                }
            }
            return alive();
        } catch (IOException threadOrProcessEnded) {
            return false;
        }
    }

    /** Its exit status, 137 after SIGKILL, waiting at most this long for its end; empty when it has not ended. */
    public OptionalInt end(Duration bound) {
        try {
            return supervisor.waitFor(bound.toMillis(), TimeUnit.MILLISECONDS)
                    ? OptionalInt.of(supervisor.exitValue())
                    : OptionalInt.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("Interrupted while waiting for the end of " + name + ".", e);
        }
    }

    private void signal(String signal) {
        if (alive() && child.isAlive()) {
            Command.of("/bin/sh", "-c", "kill -" + signal + " " + pid()).run();
        }
    }

    /** Asks it to end, also when it is stopped, and makes it end when it does not. */
    @Override
    public void close() {
        supervisor.destroy();
        try {
            if (!supervisor.waitFor(END.toMillis(), TimeUnit.MILLISECONDS)) {
                endByForce();
            }
        } catch (InterruptedException e) {
            endByForce();
            Thread.currentThread().interrupt();
        }
    }

    private void endByForce() {
        child.destroyForcibly();
        supervisor.descendants().forEach(ProcessHandle::destroyForcibly);
        supervisor.destroyForcibly();
    }
}
