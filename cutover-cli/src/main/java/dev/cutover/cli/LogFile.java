package dev.cutover.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Chooses where the log goes: the state folder of the user, else the temporary folder of the machine. */
final class LogFile {
    private LogFile() {}

    static Path choose(Map<String, String> environment) {
        String state = environment.getOrDefault("XDG_STATE_HOME", "");
        Path folder = state.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".local", "state", "cutover")
                : Path.of(state, "cutover");
        try {
            Files.createDirectories(folder);
            if (Files.isWritable(folder)) {
                return folder.resolve("cutover.log");
            }
        } catch (IOException e) {
            System.err.println("cutover: the log folder " + folder + " cannot be made (" + e.getMessage()
                    + "); logging to the temporary folder.");
        }
        return Path.of(System.getProperty("java.io.tmpdir"), "cutover.log");
    }
}
