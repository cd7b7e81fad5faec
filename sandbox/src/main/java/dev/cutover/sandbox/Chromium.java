package dev.cutover.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Chromium with its driver: the machine's own, else the one of Debian, fetched without root into the cache with all it needs.
 *
 * @param browser the executable
 * @param driver chromedriver of the same version
 * @param environment what both need to find their libraries and a font
 */
public record Chromium(Path browser, Path driver, Map<String, String> environment) {
    private static final Pattern INSTALLS = Pattern.compile("(?m)^Inst (\\S+) ");
    private static final String TO_TYPE = "Type: sudo apt-get install chromium chromium-driver fonts-dejavu-core";

    public Chromium {
        environment = Map.copyOf(environment);
    }

    /** The one of this machine, or the cached one, which is fetched when it is not there. */
    public static Chromium ofThisMachine() {
        return onPath(System.getenv().getOrDefault("PATH", "")).orElseGet(Chromium::ofDebian);
    }

    static Optional<Chromium> onPath(String path) {
        Optional<Path> browser = find(path, "chromium", "chromium-browser", "google-chrome");
        Optional<Path> driver = find(path, "chromedriver");
        return browser.isPresent() && driver.isPresent()
                ? Optional.of(new Chromium(browser.get(), driver.get(), Map.of()))
                : Optional.empty();
    }

    private static Optional<Path> find(String path, String... names) {
        return Stream.of(names)
                .flatMap(name -> Stream.of(path.split(":", -1))
                        .filter(folder -> !folder.isBlank())
                        .map(folder -> Path.of(folder).resolve(name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static Chromium ofDebian() {
        Path root = SandboxCache.ofThisUser().entry("chromium", Chromium::fetch);
        Path browser = root.resolve("usr/lib/chromium/chromium");
        Path driver = root.resolve("usr/bin/chromedriver");
        Map<String, String> environment = Map.of(
                "LD_LIBRARY_PATH",
                libraries(root),
                "FONTCONFIG_FILE",
                root.resolve("fonts.conf").toString());
        var missing = SystemLibraries.missing(browser, environment);
        if (!Files.isExecutable(driver) || !missing.isEmpty()) {
            throw new SandboxException("The browser in " + root + " lacks "
                    + (missing.isEmpty() ? "its driver" : String.join(", ", missing)) + ". " + TO_TYPE
                    + "; then delete " + root + ".");
        }
        return new Chromium(browser, driver, environment);
    }

    // Every folder of the unpacked packages that holds a shared library.
    private static String libraries(Path root) {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(file -> file.getFileName().toString().contains(".so"))
                    .map(file -> String.valueOf(file.getParent()))
                    .distinct()
                    .sorted()
                    .collect(Collectors.joining(":"));
        } catch (IOException e) {
            throw new SandboxException("Could not read " + root + ": " + e.getMessage(), e);
        }
    }

    // A font of that kind, where the machine has no rules of its own.
    private static String alias(String kind, String font) {
        return "  <alias><family>" + kind + "</family><prefer><family>" + font + "</family></prefer></alias>\n";
    }

    private static void fetch(Path into) throws IOException {
        Path scratch = Files.createTempDirectory("cutover-sandbox-apt-");
        try {
            AptArchive apt = new AptArchive(scratch);
            apt.update();
            // All that this machine lacks for it, which apt works out without installing.
            List<String> words = new ArrayList<>(List.of("-s", "install", "--no-install-recommends"));
            words.addAll(List.of("chromium", "chromium-driver", "fonts-dejavu-core"));
            Command.Outcome plan = apt.run(into, apt.aptGet(words.toArray(new String[0])));
            List<String> packages = new ArrayList<>();
            Matcher matcher = INSTALLS.matcher(plan.output());
            while (matcher.find()) {
                packages.add(matcher.group(1));
            }
            // A machine that has one of the two already has the libraries, too.
            for (String needed : List.of("chromium", "chromium-driver")) {
                if (!packages.contains(needed)) {
                    packages.add(needed);
                }
            }
            packages.add(0, "download");
            boolean fetched = plan.succeeded()
                    && apt.run(scratch, apt.aptGet(packages.toArray(new String[0])))
                            .succeeded();
            if (!fetched) {
                throw new SandboxException(
                        "There is no chromium with a chromedriver on the PATH, and apt-get could not fetch"
                                + " them without root. " + TO_TYPE + ". What apt-get said:\n" + apt.transcript());
            }
            try (Stream<Path> archives = Files.list(scratch)) {
                for (Path archive : archives.filter(file -> file.toString().endsWith(".deb"))
                        .toList()) {
                    Command.of("dpkg", "-x", archive.toString(), into.toString())
                            .withBound(Duration.ofMinutes(2))
                            .orFail();
                }
            }
            // The entry is renamed when it is whole, so the file names the folder by its later name.
            Path root = SandboxCache.ofThisUser().folder().resolve("chromium");
            Files.writeString(
                    into.resolve("fonts.conf"),
                    "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n"
                            + "  <dir>" + root.resolve("usr/share/fonts") + "</dir>\n  <dir>/usr/share/fonts</dir>\n"
                            + alias("sans-serif", "DejaVu Sans")
                            + alias("monospace", "DejaVu Sans Mono") + "  <cachedir>" + root.resolve("font-cache")
                            + "</cachedir>\n</fontconfig>\n");
        } finally {
            Folders.delete(scratch);
        }
    }
}
