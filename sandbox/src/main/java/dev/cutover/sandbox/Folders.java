package dev.cutover.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Whole folders: made, copied and deleted. */
final class Folders {
    private Folders() {}

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> paths = Files.walk(folder)) {
            deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            try {
                Files.deleteIfExists(path);
            } catch (NoSuchFileException alreadyGone) {
                continue;
            }
        }
    }

    /** A folder for a server: a kept one has the exact name, others get a name nobody has. */
    static Path forServer(Path parent, String name, boolean keep) {
        try {
            Path absolute = Files.createDirectories(parent.toAbsolutePath());
            return keep
                    ? Files.createDirectories(absolute.resolve(name))
                    : Files.createTempDirectory(absolute, "cutover-sandbox-" + name + "-");
        } catch (IOException e) {
            throw new SandboxException(
                    "Could not make a folder for " + name + " in " + parent + ": " + e.getMessage(), e);
        }
    }

    /** Deletes the folder of a server that has ended. */
    static void discard(Path folder) {
        try {
            delete(folder);
        } catch (IOException e) {
            throw new SandboxException(
                    "Could not delete " + folder + ": " + e.getMessage() + ". Delete it by hand.", e);
        }
    }

    /** Copies with the tool of the system, which shares blocks where the file system can. */
    static void copy(Path from, Path to) {
        boolean linux = System.getProperty("os.name").startsWith("Linux");
        Command.of(
                        linux
                                ? List.of("cp", "-R", "--reflink=auto", from.toString(), to.toString())
                                : List.of("cp", "-R", from.toString(), to.toString()))
                .orFail();
    }
}
