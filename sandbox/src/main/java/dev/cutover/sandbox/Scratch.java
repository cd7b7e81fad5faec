package dev.cutover.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where throwaway servers keep their data: in memory where there is plenty of it, so that five servers on one machine do not queue for
 * the same disk; else in the temporary folder. The servers flush every commit either way, and a killed process loses nothing either way.
 * {@code CUTOVER_SANDBOX_DIR} overrides the choice.
 */
public final class Scratch {
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final Path MEMORY_STATE = Path.of("/proc/meminfo");
    private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d{1,15}) kB");
    private static final long ROOM = 6L << 30;
    // What lies there is memory that nobody else can have.
    private static final long FREE_MEMORY = 8L << 30;

    private Scratch() {}

    /** A folder that exists and can be written to. */
    public static Path folder() {
        return choose(System.getenv(), MEMORY, MEMORY_STATE, Path.of(System.getProperty("java.io.tmpdir")));
    }

    static Path choose(Map<String, String> environment, Path memory, Path memoryState, Path disk) {
        String own = environment.getOrDefault("CUTOVER_SANDBOX_DIR", "");
        if (!own.isBlank()) {
            return Path.of(own);
        }
        return hasRoom(memory) && freeMemory(memoryState) >= FREE_MEMORY ? memory : disk;
    }

    private static boolean hasRoom(Path memory) {
        try {
            return Files.isDirectory(memory)
                    && Files.isWritable(memory)
                    && Files.getFileStore(memory).type().equals("tmpfs")
                    && Files.getFileStore(memory).getUsableSpace() >= ROOM;
        } catch (IOException e) {
            throw new SandboxException(
                    "Could not look at " + memory + ": " + e.getMessage()
                            + ". Name another folder with the environment variable CUTOVER_SANDBOX_DIR.",
                    e);
        }
    }

    private static long freeMemory(Path state) {
        if (!Files.isReadable(state)) {
            return 0;
        }
        try {
            Matcher available = AVAILABLE.matcher(Files.readString(state, StandardCharsets.UTF_8));
            return available.find() ? Long.parseLong(available.group(1)) << 10 : 0;
        } catch (IOException e) {
            throw new SandboxException("Could not read " + state + ": " + e.getMessage(), e);
        }
    }
}
