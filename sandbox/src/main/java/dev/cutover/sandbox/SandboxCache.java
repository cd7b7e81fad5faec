package dev.cutover.sandbox;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The folder where unpacked servers and data templates outlive the JVM; each entry is complete or absent, whoever is killed
 * while filling it. Safe for many threads and many JVMs.
 */
final class SandboxCache {
    // A file lock belongs to the whole JVM, so its threads are kept apart by a lock of their own.
    private static final ReentrantLock IN_THIS_JVM = new ReentrantLock();

    private final Path folder;

    SandboxCache(Path folder) {
        this.folder = folder.toAbsolutePath();
    }

    /** Fills a new entry of the cache; the folder it is given is renamed into place when it returns. */
    interface Filler {
        void fill(Path emptyFolder) throws IOException;
    }

    static SandboxCache ofThisUser() {
        return new SandboxCache(locate(System.getenv(), System.getProperty("user.home")));
    }

    static Path locate(Map<String, String> environment, String home) {
        String own = environment.getOrDefault("CUTOVER_SANDBOX_CACHE", "");
        if (!own.isBlank()) {
            return Path.of(own);
        }
        String shared = environment.getOrDefault("XDG_CACHE_HOME", "");
        return (shared.isBlank() ? Path.of(home, ".cache") : Path.of(shared))
                .resolve("cutover")
                .resolve("sandbox");
    }

    Path folder() {
        return folder;
    }

    /** Returns the entry of this name, filling it first when it is absent. */
    Path entry(String name, Filler filler) {
        Path entry = folder.resolve(name);
        if (Files.isDirectory(entry)) {
            return entry;
        }
        IN_THIS_JVM.lock();
        try {
            Files.createDirectories(folder);
            try (FileChannel channel = FileChannel.open(
                            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock held = channel.lock()) {
                if (!Files.isDirectory(entry)) {
                    sweepLeftovers(name);
                    Path partial = Files.createTempDirectory(folder, "." + name + "-");
                    try {
                        filler.fill(partial);
                        Files.move(partial, entry, StandardCopyOption.ATOMIC_MOVE);
                    } finally {
                        Folders.delete(partial);
                    }
                }
            }
            return entry;
        } catch (IOException e) {
            throw new SandboxException(
                    "Could not fill the sandbox cache entry " + entry + ": " + e.getMessage()
                            + ". Choose another folder with the environment variable CUTOVER_SANDBOX_CACHE.",
                    e);
        } finally {
            IN_THIS_JVM.unlock();
        }
    }

    // What a JVM killed while filling left behind; nobody can be filling now, the lock is ours.
    private void sweepLeftovers(String name) throws IOException {
        try (var leftovers = Files.newDirectoryStream(folder, "." + name + "-*")) {
            for (Path leftover : leftovers) {
                Folders.delete(leftover);
            }
        }
    }
}
