package dev.cutover.chaos.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.chaos.operate.Commands;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** How long writers are held up by a switch and by a rollback: again and again under a steady load. Used once, by one thread. */
final class SwitchBench {
    private static final Duration CALM = Duration.ofSeconds(1);

    private final Path folder;
    private final int moves;
    private final int rate;
    private final Consumer<String> says;

    SwitchBench(Path folder, int moves, int rate, Consumer<String> says) {
        this.folder = folder;
        this.moves = moves;
        this.rate = rate;
        this.says = says;
    }

    /** What moves in one direction cost. */
    private static final class Direction {
        final String name;
        final List<Long> pauses = new ArrayList<>();
        final Map<String, Long> steps = new TreeMap<>();
        int attempts;

        Direction(String name) {
            this.name = name;
        }
    }

    List<Figure> run() {
        try (BankUnderLoad bank = new BankUnderLoad(folder, rate)) {
            bank.crew.startWorkers(1);
            bank.copied();
            return measure(bank);
        }
    }

    private List<Figure> measure(BankUnderLoad bank) {
        Direction there = new Direction("switch");
        Direction back = new Direction("rollback");
        long begun = System.nanoTime();
        for (int move = 0; move < moves; move++) {
            bank.operator.verified();
            once(bank, there, "switch", "--confirm=bank", "--reason=bench", "-o", "json");
            once(bank, back, "rollback", "--yes", "--reason=bench", "-o", "json");
        }
        List<Figure> figures = new ArrayList<>();
        figures.add(bank.load("switch.load", begun));
        for (Direction direction : List.of(there, back)) {
            for (int percent : new int[] {50, 99, 100}) {
                figures.add(Figure.percentile(direction.name + ".pause", direction.pauses, percent));
            }
            figures.add(new Figure(direction.name + ".moves", direction.pauses.size(), "moves"));
            figures.add(new Figure(direction.name + ".attempts", direction.attempts, "attempts"));
            direction.steps.forEach((step, millis) -> figures.add(new Figure(
                    direction.name + ".step." + step, 1.0 * millis / direction.pauses.size(), "ms on average")));
        }
        return figures;
    }

    private void once(BankUnderLoad bank, Direction direction, String... words) {
        Waiting.pause(CALM);
        Commands.Ended ended = bank.commands.run(words);
        for (int again = 0; again < 20 && ended.exit() != 0; again++) {
            says.accept(direction.name + " ended with " + ended.exit() + ", again: "
                    + ended.words().lines().findFirst().orElse(""));
            Waiting.pause(CALM);
            ended = bank.commands.run(words);
        }
        if (ended.exit() != 0) {
            throw new ChaosFailedException(direction.name + " does not come to its end: " + ended.words(), null);
        }
        Waiting.pause(CALM);
        long pause = bank.writers.longest(ended.begun(), ended.ended()).toMillis();
        direction.pauses.add(pause);
        try {
            JsonNode body = new ObjectMapper().readTree(ended.out()).path("facts");
            direction.attempts += body.path("attempts").asInt();
            body.path("stepsMs")
                    .properties()
                    .forEach(step ->
                            direction.steps.merge(step.getKey(), step.getValue().asLong(), Long::sum));
            direction.steps.merge("rehearsal", body.path("rehearsalMs").asLong(), Long::sum);
            direction.steps.merge("pause", body.path("pauseMs").asLong(), Long::sum);
        } catch (JsonProcessingException e) {
            throw new ChaosFailedException("The command printed no JSON: " + ended.words(), e);
        }
        says.accept(direction.name + " " + direction.pauses.size() + ": writers waited " + pause + " ms");
    }
}
