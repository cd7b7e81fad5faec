package dev.cutover.cli;

import dev.cutover.cli.command.CutoverCommandLine;
import dev.cutover.cli.command.Surroundings;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.slf4j.LoggerFactory;

/** Entry point of the {@code cutover} command. */
public final class CutoverMain {
    private CutoverMain() {}

    public static void main(String[] arguments) {
        // Before the first logger is made: the log file is named by a property, see LogSettings.
        Path log = LogFile.choose(System.getenv());
        System.setProperty(LogSettings.FILE, log.toString());
        // Here, while there is one thread: loggers that several threads ask for during the start are told of on
        // standard error.
        LoggerFactory.getLogger(CutoverMain.class).debug("started");
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        System.exit(CutoverCommandLine.execute(Surroundings.ofThisProcess(log), out, err, arguments));
    }
}
