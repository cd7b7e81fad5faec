package dev.cutover.chaos.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.chaos.bank.Bank;
import dev.cutover.chaos.history.HistoryWriter;
import dev.cutover.chaos.operate.Commands;
import dev.cutover.chaos.operate.Operator;
import dev.cutover.chaos.stand.BankCrew;
import dev.cutover.chaos.stand.BankServers;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.ProxyOptions;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** How long writers are held up by a switch and by a rollback: again and again under a steady load. Used once, by one thread. */
final class SwitchBench {
    private static final int USERS = 2_000;
    private static final int THREADS = 16;
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
        try (BankServers servers = BankServers.start(folder, USERS, 1);
                HistoryWriter history = HistoryWriter.create(folder.resolve("history.jsonl"));
                BankCrew crew = new BankCrew(servers)) {
            Commands commands = new Commands(servers, crew, history);
            Operator operator = new Operator(servers, commands, 1);
            operator.install();
            crew.startWorkers(1);
            MigrationPlan plan = PlanReader.read(servers.plan());
            try (Topology topology = Topology.open(plan, "bank");
                    DualWriteProxy proxy = DualWriteProxy.open(
                            topology,
                            new MySqlControlDatabase(topology.control()),
                            ProxyOptions.of("bench"),
                            new SimpleMeterRegistry());
                    Writers writers =
                            new Writers(new Bank(proxy, topology, Duration.ofSeconds(10)), USERS, rate, THREADS)) {
                writers.start();
                operator.prepare();
                operator.copy();
                return measure(commands, operator, writers);
            }
        }
    }

    private List<Figure> measure(Commands commands, Operator operator, Writers writers) {
        Direction there = new Direction("switch");
        Direction back = new Direction("rollback");
        long begun = System.nanoTime();
        for (int move = 0; move < moves; move++) {
            operator.verified();
            once(commands, writers, there, "switch", "--confirm=bank", "--reason=bench", "-o", "json");
            once(commands, writers, back, "rollback", "--yes", "--reason=bench", "-o", "json");
        }
        double reached = writers.rate(begun, System.nanoTime());
        if (!writers.failures().isEmpty()) {
            throw new ChaosFailedException(
                    "Writes failed: " + writers.failures().get(0), null);
        }
        List<Figure> figures = new ArrayList<>();
        figures.add(new Figure("switch.load", reached, "acknowledged writes/s"));
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

    private void once(Commands commands, Writers writers, Direction direction, String... words) {
        Waiting.pause(CALM);
        Commands.Ended ended = commands.run(words);
        for (int again = 0; again < 20 && ended.exit() != 0; again++) {
            says.accept(direction.name + " ended with " + ended.exit() + ", again: "
                    + ended.words().lines().findFirst().orElse(""));
            Waiting.pause(CALM);
            ended = commands.run(words);
        }
        if (ended.exit() != 0) {
            throw new ChaosFailedException(direction.name + " does not come to its end: " + ended.words(), null);
        }
        Waiting.pause(CALM);
        long pause = writers.longest(ended.begun(), ended.ended()).toMillis();
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
