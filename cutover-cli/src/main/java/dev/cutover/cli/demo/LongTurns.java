package dev.cutover.cli.demo;

import dev.cutover.cli.console.Console;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Lets all processes of a demo take longer turns on the few cores they share: a dozen of them wake each other some ten thousand times a
 * second, and each time the one that wakes would push aside the one that is at work. Called once, before any of them is started.
 */
final class LongTurns {
    private static final int BOUND_SECONDS = 5;

    private LongTurns() {}

    /** This process and all that it starts from now on are scheduled as batch work; where that cannot be had it is said and left. */
    static void take(Console console) {
        List<String> words = List.of(
                "chrt",
                "--all-tasks",
                "--batch",
                "--pid",
                "0",
                Long.toString(ProcessHandle.current().pid()));
        String trouble;
        try {
            Process tool = new ProcessBuilder(words)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!tool.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)) {
                tool.destroyForcibly();
                trouble = "chrt does not end";
            } else if (tool.exitValue() == 0) {
                return;
            } else {
                trouble = "chrt ended with status " + tool.exitValue();
            }
        } catch (IOException e) {
            trouble = String.valueOf(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DemoFailedException("Interrupted before the servers were started.", 130, e);
        }
        console.note("  (processes are scheduled as usual, which costs some speed: " + trouble + ")");
    }
}
