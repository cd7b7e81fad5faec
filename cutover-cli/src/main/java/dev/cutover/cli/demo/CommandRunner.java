package dev.cutover.cli.demo;

import java.io.PrintWriter;
import java.nio.file.Path;

/** Runs one command line as a user would have typed it. */
@FunctionalInterface
public interface CommandRunner {
    /**
     * Returns the exit code.
     *
     * @param folder where the plan is
     */
    int run(Path folder, PrintWriter out, PrintWriter err, String... words);
}
