package dev.cutover.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * One life of a server process, from its start to its end, on one port.
 *
 * <p>A server counts as ready when its own log says so. Asking the port instead could be answered by another server that took
 * the port between our search and our bind.
 */
record ServerRun(int port, SupervisedProcess process) {
    private static final Duration LOOK_EVERY = Duration.ofMillis(20);
    private static final int PORT_ATTEMPTS = 8;
    private static final int TAIL_LINES = 30;

    /**
     * What to start.
     *
     * @param what the server's name in messages
     * @param log the file the server writes to, which says when it is ready
     * @param readyWords the words the log says it with
     */
    record Launch(
            String what,
            List<String> command,
            Map<String, String> environment,
            Path folder,
            Path log,
            String readyWords,
            SupervisedProcess.Orphaned orphaned) {
        Path output() {
            return folder.resolve(SupervisedProcess.OUTPUT_FILE);
        }
    }

    /** Starts on the wanted port, or on any free one when it is 0; another process that takes the port first costs a retry. */
    static ServerRun start(int wantedPort, IntFunction<Launch> launch, Duration bound) {
        long deadline = System.nanoTime() + bound.toNanos();
        for (int attempt = 1; ; attempt++) {
            int port = wantedPort == 0 ? LoopbackPort.free() : wantedPort;
            Launch what = launch.apply(port);
            if (wantedPort != 0 && !LoopbackPort.isFree(port)) {
                throw new SandboxException(what.what() + " cannot start: port " + port
                        + " is taken by another process. Stop that one, or name another port (0 means any free one).");
            }
            long logStart = length(what.log());
            long outputStart = length(what.output());
            SupervisedProcess process =
                    SupervisedProcess.start(what.command(), what.environment(), what.folder(), what.orphaned());
            try {
                if (becameReady(process, what, logStart, deadline)) {
                    return new ServerRun(port, process);
                }
            } catch (RuntimeException e) {
                process.kill();
                throw e;
            }
            String log = since(what.log(), logStart) + since(what.output(), outputStart);
            if (!portWasTaken(log) || attempt == PORT_ATTEMPTS) {
                throw new SandboxException(
                        what.what() + " did not start on port " + port + ". The end of its log:\n" + tail(log));
            }
        }
    }

    private static boolean becameReady(SupervisedProcess process, Launch what, long logStart, long deadline) {
        while (!since(what.log(), logStart).contains(what.readyWords())) {
            if (process.endsWithin(LOOK_EVERY)) {
                return false;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new SandboxException(what.what() + " is not ready in time and was killed. The end of its log:\n"
                        + tail(since(what.log(), logStart)));
            }
        }
        return true;
    }

    static boolean portWasTaken(String log) {
        return log.contains("Address already in use") || log.contains("already running on port");
    }

    static String tail(String log) {
        List<String> lines = Arrays.asList(log.split("\n", -1));
        return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    }

    private static long length(Path file) {
        try {
            return Files.exists(file) ? Files.size(file) : 0;
        } catch (IOException e) {
            throw new SandboxException("Could not read " + file + ": " + e.getMessage(), e);
        }
    }

    private static String since(Path file, long position) {
        try {
            if (!Files.exists(file)) {
                return "";
            }
            byte[] bytes = Files.readAllBytes(file);
            int from = (int) Math.min(position, bytes.length);
            return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new SandboxException("Could not read " + file + ": " + e.getMessage(), e);
        }
    }
}
