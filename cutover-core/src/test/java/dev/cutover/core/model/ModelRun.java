package dev.cutover.core.model;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of TLC on a configuration of the folder {@code models}, in a JVM of its own: TLC keeps its whole state in static fields and leaves
 * by System.exit.
 *
 * @param configuration the name of a {@code .cfg} file; its first word names the model
 * @param planted the value of {@code Bug} or {@code Mode}
 * @param only the one invariant or property to check, or empty for all that the configuration names
 */
record ModelRun(String configuration, String planted, String only) {
    private static final Logger LOG = LoggerFactory.getLogger(ModelRun.class);
    private static final Pattern PLANTED = Pattern.compile("(Bug|Mode) = \"\\w+\"");
    private static final Pattern CHECKED = Pattern.compile("(?m)^(INVARIANTS|PROPERTY) .*$");

    static ModelRun of(String configuration) {
        return new ModelRun(configuration, "", "");
    }

    static Path folder() {
        return Path.of(System.getProperty("basedir", "")).toAbsolutePath().resolve("../models");
    }

    String model() {
        String first = configuration.substring(0, configuration.indexOf('-'));
        return first.substring(0, 1).toUpperCase(Locale.ROOT) + first.substring(1);
    }

    ModelVerdict verdict(Path scratch, int workers, Duration patience) throws IOException, InterruptedException {
        Path cfg = Files.writeString(scratch.resolve("run.cfg"), text());
        Path output = scratch.resolve("tlc.txt");
        long start = System.nanoTime();
        Process tlc = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx1g",
                        "-XX:+UseSerialGC",
                        // most runs end before the second compiler pays off
                        patience.toMinutes() < 10 ? "-XX:TieredStopAtLevel=1" : "-XX:+TieredCompilation",
                        // TLC unpacks its own modules there, under one name: two that run side by side read each
                        // other's half.
                        "-Djava.io.tmpdir=" + scratch,
                        "-cp",
                        tools(),
                        "tlc2.TLC",
                        "-workers",
                        Integer.toString(workers),
                        "-metadir",
                        scratch.resolve("states").toString(),
                        "-config",
                        cfg.toString(),
                        model() + ".tla"))
                .directory(folder().toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            if (!tlc.waitFor(patience.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError(this + " has not ended within " + patience + ".\n" + Files.readString(output));
            }
        } finally {
            tlc.destroyForcibly();
        }
        ModelVerdict verdict = ModelVerdict.of(Files.readString(output), Duration.ofNanos(System.nanoTime() - start));
        LOG.info(
                "{}: {} distinct states, {}, {} ms",
                this,
                verdict.distinctStates().orElse(-1),
                verdict.clean() ? "clean" : "violates " + verdict.violated().orElse("nothing it should"),
                verdict.took().toMillis());
        return verdict;
    }

    private String text() throws IOException {
        String text = Files.readString(folder().resolve(configuration + ".cfg"));
        if (!planted.isEmpty()) {
            text = PLANTED.matcher(text).replaceFirst("$1 = \"" + planted + "\"");
        }
        if (!only.isEmpty()) {
            String kind = only.equals(ModelVerdict.TEMPORAL) ? "PROPERTY EventuallyOpen" : "INVARIANTS " + only;
            text = CHECKED.matcher(text).replaceAll("") + kind + "\n";
        }
        return text;
    }

    private static String tools() {
        try {
            return Path.of(tlc2.TLC
                            .class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException("The jar of TLC has no path.", e);
        }
    }

    @Override
    public String toString() {
        return configuration + (planted.isEmpty() ? "" : " with " + planted);
    }
}
