package dev.cutover.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Whole folders, deleted and copied. */
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
