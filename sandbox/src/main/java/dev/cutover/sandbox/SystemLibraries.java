package dev.cutover.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Sees to it that a binary finds its shared libraries: those this machine lacks are fetched as packages of Debian or Ubuntu,
 * without root and without touching the machine's own package lists, into the cache.
 */
final class SystemLibraries {
    private static final Pattern NOT_FOUND = Pattern.compile("(?m)^\\s*(\\S+) => not found");

    // The package names before and after the move of Debian and Ubuntu to 64-bit time.
    private static final Map<String, List<String>> PACKAGES = Map.of(
            "libaio.so.1", List.of("libaio1", "libaio1t64"),
            "libnuma.so.1", List.of("libnuma1", "libnuma1t64"),
            "libssl.so.3", List.of("libssl3", "libssl3t64"),
            "libcrypto.so.3", List.of("libssl3", "libssl3t64"));

    private final SandboxCache cache;

    SystemLibraries(SandboxCache cache) {
        this.cache = cache;
    }

    /** The environment variables the binary needs to find all its libraries; empty when the machine has them. */
    Map<String, String> environmentFor(Path binary) {
        if (!System.getProperty("os.name").startsWith("Linux")) {
            return Map.of();
        }
        Set<String> missing = missing(binary, Map.of());
        if (missing.isEmpty()) {
            return Map.of();
        }
        Path libraries = cache.entry("libraries-" + String.join("+", missing), folder -> fetch(missing, folder));
        Map<String, String> environment = Map.of("LD_LIBRARY_PATH", libraries.toString());
        Set<String> stillMissing = missing(binary, environment);
        if (!stillMissing.isEmpty()) {
            throw new SandboxException(binary + " still lacks " + stillMissing + " with the libraries in " + libraries
                    + ". " + whatToType(stillMissing) + " Then delete " + libraries + ".");
        }
        return environment;
    }

    private static Set<String> missing(Path binary, Map<String, String> environment) {
        return notFound(Command.of("ldd", binary.toString())
                .withEnvironment(environment)
                .run()
                .output());
    }

    static Set<String> notFound(String lddOutput) {
        Set<String> names = new TreeSet<>();
        Matcher matcher = NOT_FOUND.matcher(lddOutput);
        while (matcher.find()) {
            names.add(matcher.group(1));
        }
        return names;
    }

    static String whatToType(Set<String> libraries) {
        String packages = libraries.stream()
                .map(library -> PACKAGES.getOrDefault(library, List.of()))
                .filter(names -> !names.isEmpty())
                .map(names -> names.get(0))
                .distinct()
                .sorted()
                .collect(Collectors.joining(" "));
        return packages.isEmpty()
                ? "Install the package of your system that brings " + String.join(", ", libraries) + "."
                : "Type: sudo apt-get install " + packages
                        + " (on releases with 64-bit time the names end in t64, such as libaio1t64).";
    }

    private void fetch(Set<String> missing, Path into) throws IOException {
        Path scratch = Files.createTempDirectory("cutover-sandbox-apt-");
        try {
            AptDownload apt = new AptDownload(scratch);
            apt.update();
            for (String library : missing) {
                Path found = PACKAGES.getOrDefault(library, List.of()).stream()
                        .flatMap(name -> apt.unpack(name).stream())
                        .flatMap(unpacked -> search(unpacked, library).stream())
                        .findFirst()
                        .orElseThrow(() -> new SandboxException("This machine lacks the shared library " + library
                                + " and the sandbox could not fetch it without root. " + whatToType(missing)
                                + " What apt-get said:\n" + apt.transcript()));
                Files.copy(found, into.resolve(library));
            }
        } finally {
            Folders.delete(scratch);
        }
    }

    /** The file of this soname in an unpacked package; also one whose soname got the suffix t64, which has the same interface. */
    static List<Path> search(Path unpacked, String library) {
        try (Stream<Path> files = Files.walk(unpacked)) {
            return files.filter(file -> Files.isRegularFile(file))
                    .filter(file -> {
                        String name = file.getFileName().toString();
                        return name.equals(library)
                                || name.startsWith(library + ".")
                                || name.startsWith(library + "t64");
                    })
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new SandboxException("Could not read the unpacked package in " + unpacked + ": " + e.getMessage(), e);
        }
    }

    /** One visit to the package archive with lists and caches of its own. Owned by one thread. */
    private static final class AptDownload {
        private final Path folder;
        private final Map<String, List<Path>> unpacked = new LinkedHashMap<>();
        private final StringBuilder transcript = new StringBuilder();

        AptDownload(Path folder) throws IOException {
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
                if (!run(target, aptGet("download", name))) {
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

        private List<String> aptGet(String... verbAndNames) {
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
        private boolean run(Path workingFolder, List<String> words) {
            List<String> inFolder =
                    new ArrayList<>(List.of("/bin/sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh"));
            inFolder.add(workingFolder.toString());
            inFolder.addAll(words);
            Command.Outcome outcome =
                    Command.of(inFolder).withBound(Duration.ofMinutes(5)).run();
            transcript.append(outcome.output());
            return outcome.succeeded();
        }

        String transcript() {
            return transcript.toString();
        }
    }
}
