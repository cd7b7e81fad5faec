package dev.cutover.sandbox;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A server process that cannot outlive this JVM.
 *
 * <p>Idea: a small shell is the parent of the server and reads a pipe whose only writer is this JVM. The kernel closes the pipe
 * however the JVM ends, kill -9 included; the shell then kills the server and deletes its folder. The shell runs in a session of
 * its own, so that a Ctrl-C or a signal to the process group of the JVM does not end the shell before its work is done.
 *
 * <p>Safe for many threads.
 */
final class SupervisedProcess {
    /** What the shell does with the folder of the server when the JVM went away without closing it. */
    enum Orphaned {
        DELETE_FOLDER,
        KEEP_FOLDER
    }

    // Arguments: folder, DELETE_FOLDER or KEEP_FOLDER, command. The marker file tells "killed because the JVM is gone"
    // from
    // "ended by itself, or killed by a test that will start it again on the same folder".
    private static final String SUPERVISOR = """
            trap '' INT HUP TERM
            folder=$1 orphaned=$2
            shift 2
            rm -f "$folder/orphaned"
            exec 3<&0
            ( trap - INT HUP TERM; exec "$@" ) </dev/null 3<&- >>"$folder/server.out" 2>&1 &
            server=$!
            echo "$server"
            exec >/dev/null 2>&1
            ( read -r ignored <&3; : >"$folder/orphaned"; kill -KILL "$server" ) &
            reader=$!
            wait "$server"
            status=$?
            kill -KILL "$reader"
            if [ -e "$folder/orphaned" ] && [ "$orphaned" = DELETE_FOLDER ]; then rm -rf "$folder"; fi
            exit "$status"
            """;

    /** Where standard output and standard error of the server go, inside its folder. */
    static final String OUTPUT_FILE = "server.out";

    private static final Path SETSID = Path.of("/usr/bin/setsid");

    private final Process supervisor;
    private final ProcessHandle server;

    private SupervisedProcess(Process supervisor, ProcessHandle server) {
        this.supervisor = supervisor;
        this.server = server;
    }

    static SupervisedProcess start(
            List<String> command, Map<String, String> environment, Path folder, Orphaned orphaned) {
        List<String> words = new ArrayList<>();
        if (Files.isExecutable(SETSID)) {
            words.add(SETSID.toString());
        }
        words.addAll(List.of("/bin/sh", "-c", SUPERVISOR, "cutover-sandbox", folder.toString(), orphaned.name()));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectError(folder.resolve(OUTPUT_FILE).toFile());
        builder.environment().putAll(environment);
        try {
            Process supervisor = builder.start();
            return new SupervisedProcess(supervisor, serverOf(supervisor));
        } catch (IOException e) {
            throw new SandboxException("Could not start " + command.get(0) + ": " + e.getMessage(), e);
        }
    }

    private static ProcessHandle serverOf(Process supervisor) throws IOException {
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(supervisor.getInputStream(), StandardCharsets.US_ASCII));
        String pid = reader.readLine();
        if (pid == null) {
            throw new IOException("the supervising shell ended before it named the process it started");
        }
        // A server that could not bind its port may be gone already; the shell, about to end with its status, stands in
        // for it.
        return ProcessHandle.of(Long.parseLong(pid.strip())).orElseGet(supervisor::toHandle);
    }

    ProcessHandle handle() {
        return server;
    }

    boolean isAlive() {
        return supervisor.isAlive() && server.isAlive();
    }

    /** SIGKILL; returns when the process is gone. */
    void kill() {
        server.destroyForcibly();
        if (!endsWithin(Duration.ofSeconds(30))) {
            throw new SandboxException("Process " + server.pid() + " is still there 30 s after SIGKILL.");
        }
    }

    /** SIGTERM, and SIGKILL when the process is still there after the bound. */
    void terminate(Duration bound) {
        server.destroy();
        // A process that is stopped sees its SIGTERM only when it goes on.
        signal("CONT");
        if (!endsWithin(bound)) {
            kill();
        }
    }

    /** Sends STOP or CONT, for which Java has no method; a process that has ended is left alone. */
    void signal(String name) {
        if (isAlive()) {
            Command.of("/bin/sh", "-c", "kill -" + name + " " + server.pid()).run();
        }
    }

    /** Waits at most this long; true when the process has ended. */
    boolean endsWithin(Duration bound) {
        try {
            return supervisor.waitFor(bound.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("Interrupted while waiting for process " + server.pid() + ".", e);
        }
    }
}
