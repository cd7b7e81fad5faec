package dev.cutover.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

    static Set<String> missing(Path binary, Map<String, String> environment) {
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
            AptArchive apt = new AptArchive(scratch);
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
}
