package dev.cutover.chaos.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.fence.Position;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Instance;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.sandbox.JavaProcess;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * How long a killed worker's successor takes until it streams again, from the moment {@code ./cutover worker} is typed, under a steady
 * load: until every shard holds a change that the successor brought ({@code streaming}), and until a beat has come back behind all that
 * was missed ({@code caughtUp}). Used once, by one thread.
 */
final class RestartBench {
    private static final Duration CALM = Duration.ofSeconds(3);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

    private final Path folder;
    private final int kills;
    private final int rate;
    private final Consumer<String> says;

    RestartBench(Path folder, int kills, int rate, Consumer<String> says) {
        this.folder = folder;
        this.kills = kills;
        this.rate = rate;
        this.says = says;
    }

    List<Figure> run() {
        try (BankUnderLoad bank = new BankUnderLoad(folder, rate)) {
            // What the launcher has to build it builds here, and not while the clock runs.
            try (JavaProcess built = launcher("built", "--version")) {
                Waiting.until(Duration.ofMinutes(5), LOOK_AGAIN, () -> !built.alive());
            }
            JavaProcess worker = worker();
            try {
                bank.copied();
            } catch (RuntimeException e) {
                worker.close();
                throw e;
            }
            return measure(bank, worker);
        }
    }

    private List<Figure> measure(BankUnderLoad bank, JavaProcess first) {
        Topology topology = bank.topology;
        ControlDatabase control = new MySqlControlDatabase(topology.control());
        List<Long> serving = new ArrayList<>();
        List<Long> leading = new ArrayList<>();
        List<Long> streaming = new ArrayList<>();
        List<Long> caughtUp = new ArrayList<>();
        long begun = System.nanoTime();
        JavaProcess worker = first;
        try {
            for (int kill = 0; kill < kills; kill++) {
                await(worker, () -> streams(control));
                Waiting.pause(CALM);
                worker.kill();
                worker.close();
                control.instances().forEach(instance -> control.retire(instance.id()));
                Map<DatabaseId, GtidSet> before = positions(topology);
                long typed = System.nanoTime();
                JavaProcess next = worker();
                worker = next;
                await(next, () -> next.line("worker-").isPresent());
                serving.add(millisSince(typed));
                await(next, () -> status(control).path("active").asBoolean());
                leading.add(millisSince(typed));
                await(next, () -> haveMoved(before, positions(topology)));
                streaming.add(millisSince(typed));
                await(next, () -> streams(control));
                caughtUp.add(millisSince(typed));
                says.accept("kill " + (kill + 1) + ": serves after " + serving.get(kill) + " ms, leads after "
                        + leading.get(kill) + " ms, streams after " + streaming.get(kill) + " ms, has caught up after "
                        + caughtUp.get(kill) + " ms and used "
                        + cpuMillis(next) + " ms of a processor");
            }
        } finally {
            worker.close();
        }
        List<Figure> figures = new ArrayList<>();
        figures.add(bank.load("restart.load", begun));
        Map.of(
                        "restart.serving",
                        serving,
                        "restart.leading",
                        leading,
                        "restart.streaming",
                        streaming,
                        "restart.caughtUp",
                        caughtUp)
                .entrySet()
                .stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry -> {
                    figures.add(Figure.percentile(entry.getKey(), entry.getValue(), 50));
                    figures.add(Figure.percentile(entry.getKey(), entry.getValue(), 100));
                });
        return figures;
    }

    private JavaProcess worker() {
        return launcher(
                "worker", "worker", "--file", folder.resolve("cutover.yaml").toString());
    }

    private JavaProcess launcher(String name, String... words) {
        Path home = Path.of(Optional.ofNullable(System.getenv("CUTOVER_HOME"))
                .orElseThrow(() -> new ChaosFailedException("Start it by bin/bench: it needs the launcher.", null)));
        return JavaProcess.script(name, folder, home.resolve("cutover"), words)
                .withEnvironment(
                        Map.of("XDG_STATE_HOME", folder.resolve("state").toString()))
                .start();
    }

    private static void await(JavaProcess worker, BooleanSupplier condition) {
        if (!Waiting.until(PATIENCE, LOOK_AGAIN, () -> condition.getAsBoolean() || !worker.alive())
                || !condition.getAsBoolean()) {
            throw new ChaosFailedException("The worker does not get on:\n" + worker.lastWords(), null);
        }
    }

    // What each shard database holds of the changes of OLD; it moves only when one was applied.
    private static Map<DatabaseId, GtidSet> positions(Topology topology) {
        Map<DatabaseId, GtidSet> positions = new TreeMap<>();
        for (DatabaseId shard : topology.plan().shardDatabases()) {
            try (Connection connection = topology.database(shard).getConnection()) {
                positions.put(
                        shard,
                        Positions.read(connection, "old").map(Position::set).orElse(GtidSet.EMPTY));
            } catch (SQLException e) {
                throw new ChaosFailedException("The position of " + shard + " cannot be read.", e);
            }
        }
        return positions;
    }

    private static boolean haveMoved(Map<DatabaseId, GtidSet> before, Map<DatabaseId, GtidSet> now) {
        return now.entrySet().stream().noneMatch(entry -> entry.getValue().equals(before.get(entry.getKey())));
    }

    private static boolean streams(ControlDatabase control) {
        JsonNode status = status(control);
        return status.path("lagSeconds").isNumber() && !status.path("streams").isEmpty();
    }

    private static JsonNode status(ControlDatabase control) {
        ObjectMapper json = new ObjectMapper();
        try {
            return json.readTree(control.instances().stream()
                    .filter(instance -> instance.kind().equals("worker"))
                    .map(Instance::statusJson)
                    .findFirst()
                    .orElse("{}"));
        } catch (JsonProcessingException e) {
            throw new ChaosFailedException("A worker reports what is no JSON.", e);
        }
    }

    private static long cpuMillis(JavaProcess process) {
        return ProcessHandle.of(process.pid())
                .flatMap(handle -> handle.info().totalCpuDuration())
                .orElse(Duration.ZERO)
                .toMillis();
    }

    private static long millisSince(long begun) {
        return Duration.ofNanos(System.nanoTime() - begun).toMillis();
    }
}
