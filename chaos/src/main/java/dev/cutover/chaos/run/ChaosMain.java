package dev.cutover.chaos.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.chaos.checker.CheckReport;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.sandbox.Scratch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bin/chaos}. */
@Command(
        name = "bin/chaos",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        header = "Break everything while a bank is switched and rolled back, then prove that nothing was lost.",
        description = {
            "",
            "Starts three MySQL servers, two instances of a small bank, two workers and clients that write down every answer; kills, stops and cuts"
                    + " them at random while the truth goes from old to new and back. Then a checker that shares no code with Cutover"
                    + " judges the history, the tables and every binlog."
        },
        footer = {
            "",
            "Exit code: 0 nothing was violated, 3 something was, 1 the run could not go on. With --plant: 0 the bug was caught by the"
                    + " invariant named for it, 3 it was not.",
            "",
            "Examples:",
            "  bin/chaos --seed 7 --minutes 5",
            "  bin/chaos --seed 7 --minutes 30 --json        one JSON object on the last line",
            "  bin/chaos --seed 7 --minutes 1 --keep         keep history, logs and report to look at",
            "  bin/chaos --plant all --json                  does the checker find every bug it is meant to find?"
        })
public final class ChaosMain implements Callable<Integer> {
    private static final int VIOLATED = 3;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Draws every fault and every request; default ${DEFAULT-VALUE}.")
    long seed = 1;

    @Option(names = "--minutes", paramLabel = "M", description = "How long things break; default ${DEFAULT-VALUE}.")
    double minutes = 2;

    @Option(
            names = "--rate",
            paramLabel = "N",
            description = "Requests a second, where the machine can; default ${DEFAULT-VALUE}.")
    int rate = 260;

    @Option(names = "--json", description = "End with one JSON object; what goes on is told on standard error.")
    boolean json;

    @Option(
            names = "--plant",
            paramLabel = "NAME",
            description =
                    "Instead, plant a known bug in a short run and see whether the checker finds it: its name, 'all', or 'list'.")
    @Nullable
    String plant;

    @Option(names = "--keep", description = "Keep the folder of the run.")
    boolean keep;

    private ChaosMain() {}

    public static void main(String[] arguments) {
        CommandLine line = new CommandLine(new ChaosMain());
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            command.getErr().println("chaos: " + failure.getMessage());
            failure.printStackTrace(command.getErr());
            return 1;
        });
        System.exit(line.execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        if (plant != null) {
            return new Planting(json, this::done).plant(plant, Scratch.folder()) ? 0 : VIOLATED;
        }
        Path folder = Files.createTempDirectory(Scratch.folder(), "cutover-chaos-");
        // Before anything asks for it: the commands that run in this JVM write down their points, too.
        System.setProperty(
                Failpoints.PROPERTY, folder.resolve("failpoints.operator").toString());
        long begun = System.nanoTime();
        try {
            ChaosRun.Options options = ChaosRun.Options.of(seed, Duration.ofMillis(Math.round(minutes * 60_000)))
                    .withRate(rate);
            ChaosRun.Result result = new ChaosRun(folder, options, text -> note(begun, text)).run();
            Files.writeString(folder.resolve("report.json"), result.report().toJson());
            return tell(result);
        } finally {
            done(folder);
        }
    }

    private void done(Path folder) {
        if (keep) {
            System.err.println("kept: " + folder);
        } else {
            delete(folder);
        }
    }

    private static void note(long begun, String text) {
        System.err.printf(
                "%5d s  %s%n", Duration.ofNanos(System.nanoTime() - begun).toSeconds(), text);
    }

    private int tell(ChaosRun.Result result) {
        CheckReport report = result.report();
        ChaosRun.Course course = result.course();
        report.violations().forEach(violation -> System.err.println("VIOLATION " + violation));
        course.unanswered().forEach(request -> System.err.println("UNANSWERED " + request));
        course.coverage().missed().forEach(point -> System.err.println("failpoint not reached: " + point));
        List<Long> pauses = report.closedWindows().stream()
                .filter(window -> window.outcome().equals("COMMIT"))
                .map(CheckReport.ClosedWindow::millis)
                .sorted()
                .toList();
        long violations =
                report.totals().values().stream().mapToLong(Long::longValue).sum()
                        + course.unanswered().size();
        ObjectNode body = new ObjectMapper().createObjectNode();
        body.put("seed", seed);
        body.put(
                "faults",
                course.faults().values().stream().mapToInt(Integer::intValue).sum() + course.mishaps());
        body.put("failpointsHit", course.coverage().hit());
        body.put("failpointsTotal", course.coverage().total());
        body.put("operations", report.counts().acknowledged());
        body.put("cycles", course.cycles());
        body.put("violations", violations);
        body.put("pauseP50Ms", percentile(pauses, 50));
        body.put("pauseP99Ms", percentile(pauses, 99));
        body.put("pauseMaxMs", percentile(pauses, 100));
        if (json) {
            try {
                System.out.println(new ObjectMapper().writeValueAsString(body));
            } catch (JsonProcessingException e) {
                throw new UncheckedIOException(e);
            }
        } else {
            body.properties().forEach(field -> System.out.printf("%-16s %s%n", field.getKey(), field.getValue()));
            System.out.println("faults           " + course.faults() + " and " + course.mishaps() + " of coordinators");
            System.out.println("looked at        " + report.counts());
            System.out.println(violations == 0 ? "nothing was violated" : "VIOLATED: " + report.totals());
        }
        return violations == 0 ? 0 : VIOLATED;
    }

    /** Nearest rank; 0 of nothing. */
    private static long percentile(List<Long> sorted, int percent) {
        return sorted.isEmpty() ? 0 : sorted.get(Math.max(0, (sorted.size() * percent + 99) / 100 - 1));
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be removed.", e);
        }
    }
}
