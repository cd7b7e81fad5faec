package dev.cutover.cli.shop;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.sandbox.JavaProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Workers, commands and writers of a shop in JVMs of their own, each with a failpoint file under its name. */
public final class Processes implements AutoCloseable {
    private static final String MAIN = "dev.cutover.cli.CutoverMain";

    private final Path folder;
    private final List<JavaProcess> children = new ArrayList<>();

    public Processes(Path folder) {
        this.folder = folder;
    }

    /** {@code cutover worker}. */
    public JavaProcess worker(String name) {
        return start(JavaProcess.named(name, folder, MAIN, "worker", "--file", plan()));
    }

    /** {@code cutover words…}. */
    public JavaProcess command(String name, String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--file", plan()));
        return start(JavaProcess.named(name, folder, MAIN, all.toArray(new String[0])));
    }

    /** A service instance in which one user writes again and again; see {@link WriterMain}. */
    public JavaProcess writer(String name, long user) {
        return start(JavaProcess.named(name, folder, WriterMain.class.getName(), plan(), name, Long.toString(user)));
    }

    private JavaProcess start(JavaProcess.Launch launch) {
        JavaProcess child = launch.withProperty(
                        Failpoints.PROPERTY, failpoints(launch.name()).toString())
                .withProperty("cutover.log", logFile(launch.name()).toString())
                .withEnvironment(Map.of(
                        "XDG_STATE_HOME",
                        folder.resolve(launch.name() + "-state").toString()))
                .start();
        children.add(child);
        return child;
    }

    private String plan() {
        return folder.resolve("cutover.yaml").toString();
    }

    private Path failpoints(String name) {
        return folder.resolve(name + ".failpoints");
    }

    /** From now on these lines, and no others, are in the failpoint file of the process with this name. */
    public void arm(String name, String... lines) {
        try {
            Path draft = Files.writeString(folder.resolve(name + ".draft"), String.join("\n", lines));
            // At once: a process that reads half a line ends with a complaint.
            Files.move(draft, failpoints(name), StandardCopyOption.ATOMIC_MOVE);
            Files.deleteIfExists(seen(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path seen(String name) {
        return Path.of(failpoints(name) + ".seen");
    }

    /** Whether the process has acted at this point since it was armed. */
    public boolean acted(String name, Failpoint point) {
        try {
            return Files.exists(seen(name))
                    && Files.readAllLines(seen(name)).stream().anyMatch(line -> line.startsWith(point.word() + " "));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Its log file, for figures. */
    public String log(String name) {
        try {
            return Files.readString(logFile(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path logFile(String name) {
        return folder.resolve(name + "-state").resolve("cutover").resolve("cutover.log");
    }

    @Override
    public void close() {
        for (JavaProcess child : children) {
            if (child.alive()) {
                child.kill();
            }
        }
    }
}
