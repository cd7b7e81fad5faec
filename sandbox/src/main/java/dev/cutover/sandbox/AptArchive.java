package dev.cutover.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** One visit to the package archive of Debian or Ubuntu, without root, with lists and caches of its own. Owned by one thread. */
final class AptArchive {
    private final Path folder;
    private final Map<String, List<Path>> unpacked = new LinkedHashMap<>();
    private final StringBuilder transcript = new StringBuilder();

    AptArchive(Path folder) throws IOException {
        this.folder = folder;
        Files.createDirectories(folder.resolve("lists/partial"));
        Files.createDirectories(folder.resolve("cache/archives/partial"));
    }

    void update() {
        run(folder, aptGet("update"));
    }

    /** The folder of the unpacked package, or nothing when there is no such package. */
    List<Path> unpack(String name) {
        return unpacked.computeIfAbsent(name, this::downloadAndUnpack);
    }

    private List<Path> downloadAndUnpack(String name) {
        Path target = folder.resolve(name);
        try {
            Files.createDirectories(target);
            if (!run(target, aptGet("download", name)).succeeded()) {
                return List.of();
            }
            try (Stream<Path> archives = Files.list(target)) {
                for (Path archive : archives.filter(file -> file.toString().endsWith(".deb"))
                        .toList()) {
                    run(target, List.of("dpkg", "-x", archive.toString(), target.toString()));
                }
            }
        } catch (IOException e) {
            throw new SandboxException("Could not unpack " + name + " in " + target + ": " + e.getMessage(), e);
        }
        return List.of(target);
    }

    List<String> aptGet(String... verbAndNames) {
        List<String> words = new ArrayList<>(List.of("apt-get", "-q"));
        for (String option : List.of(
                "Dir::State::Lists=" + folder.resolve("lists"),
                "Dir::Cache=" + folder.resolve("cache"),
                "APT::Sandbox::User=",
                "Acquire::Languages=none",
                "Acquire::Retries=2",
                "Acquire::http::Timeout=20",
                "Acquire::https::Timeout=20")) {
            words.add("-o");
            words.add(option);
        }
        words.addAll(List.of(verbAndNames));
        return words;
    }

    // apt-get download puts its file into the working folder, hence the shell.
    Command.Outcome run(Path workingFolder, List<String> words) {
        List<String> inFolder = new ArrayList<>(List.of("/bin/sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh"));
        inFolder.add(workingFolder.toString());
        inFolder.addAll(words);
        Command.Outcome outcome =
                Command.of(inFolder).withBound(Duration.ofMinutes(5)).run();
        transcript.append(outcome.output());
        return outcome;
    }

    String transcript() {
        return transcript.toString();
    }
}
