package dev.cutover.chaos.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.chaos.plant.PlantRun;
import dev.cutover.chaos.plant.PlantedBug;
import dev.cutover.chaos.stand.ChaosFailedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** {@code bin/chaos --plant}: one run a bug, one line a run. Owned by one thread. */
final class Planting {
    static final String LIST = "list";
    static final String ALL = "all";

    private final boolean json;
    private final Consumer<Path> after;

    /**
     * Ready.
     *
     * @param after does away with the folder of a run
     */
    Planting(boolean json, Consumer<Path> after) {
        this.json = json;
        this.after = after;
    }

    /**
     * Plants what is asked for.
     *
     * @return whether each bug was caught by its invariant
     */
    boolean plant(String name, Path parent) throws IOException {
        if (name.equals(LIST)) {
            Stream.of(PlantedBug.values())
                    .forEach(bug -> System.out.printf("%-28s caught by %s%n", bug.word(), bug.invariant()));
            return true;
        }
        List<PlantedBug> bugs = name.equals(ALL)
                ? List.of(PlantedBug.values())
                : List.of(PlantedBug.ofWord(name)
                        .orElseThrow(() -> new ChaosFailedException(
                                "There is no bug '" + name + "'; there are: "
                                        + Stream.of(PlantedBug.values())
                                                .map(PlantedBug::word)
                                                .collect(Collectors.joining(", "))
                                        + ", or all.",
                                null)));
        boolean caught = true;
        for (PlantedBug bug : bugs) {
            caught &= one(bug, Files.createTempDirectory(parent, "cutover-plant-"));
        }
        return caught;
    }

    private boolean one(PlantedBug bug, Path folder) throws IOException {
        long begun = System.nanoTime();
        try {
            PlantRun.Result result = new PlantRun(folder).run(bug);
            Files.writeString(folder.resolve("report.json"), result.report().toJson());
            tell(result, Duration.ofNanos(System.nanoTime() - begun).toSeconds());
            return result.caught();
        } finally {
            after.accept(folder);
        }
    }

    private void tell(PlantRun.Result result, long seconds) {
        PlantedBug bug = result.bug();
        if (!json) {
            System.out.printf(
                    "%-28s %-6s expected %-4s violated %s, %d s%n",
                    bug.word(), result.caught() ? "caught" : "MISSED", bug.invariant(), result.violated(), seconds);
            return;
        }
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("planted", bug.word());
        line.put("expected", bug.invariant());
        result.violated().forEach(line.putArray("violated")::add);
        line.put("caught", result.caught());
        try {
            System.out.println(new ObjectMapper().writeValueAsString(line));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
