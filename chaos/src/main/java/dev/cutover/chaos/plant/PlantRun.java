package dev.cutover.chaos.plant;

import dev.cutover.chaos.checker.CheckReport;
import dev.cutover.chaos.checker.Checker;
import dev.cutover.chaos.checker.Layout;
import dev.cutover.chaos.history.HistoryWriter;
import dev.cutover.chaos.history.Side;
import dev.cutover.chaos.load.BankClients;
import dev.cutover.chaos.operate.Commands;
import dev.cutover.chaos.operate.Operator;
import dev.cutover.chaos.operate.RegisterView;
import dev.cutover.chaos.stand.BankCrew;
import dev.cutover.chaos.stand.BankServers;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A short run with one bug in it, or with none, and what the checker says of it. Used once, by one thread. */
public final class PlantRun {
    private static final int USERS = 200;
    private static final int TEMPLATES = 4;
    private static final BankClients.Options LOAD = new BankClients.Options(1, 6, USERS, TEMPLATES, 80);
    private static final Duration REST = Duration.ofSeconds(20);
    private static final Duration LONGEST_CLOSED = Duration.ofSeconds(60);

    private final Path folder;

    /** A run in a folder that exists and is empty. */
    public PlantRun(Path folder) {
        this.folder = folder;
    }

    /**
     * What a run with a bug came to.
     *
     * @param violated the invariants, in order
     */
    public record Result(PlantedBug bug, List<String> violated, CheckReport report) {
        public Result {
            violated = List.copyOf(violated);
        }

        /** Whether the invariant named for it caught it. */
        public boolean caught() {
            return violated.contains(bug.invariant());
        }
    }

    /** Runs with a bug. */
    public Result run(PlantedBug bug) {
        CheckReport report = run(bug.planting());
        return new Result(bug, List.copyOf(report.totals().keySet()), report);
    }

    /** There and back without a bug: what such a run must look like for the others to prove anything. */
    public CheckReport runClean() {
        return run(scene -> {
            scene.move(Side.NEW);
            scene.loner.append(0, 1);
            scene.operator.verified();
            scene.move(Side.OLD);
            scene.quiet();
        });
    }

    private CheckReport run(PlantedBug.Planting planting) {
        Path historyFile = folder.resolve("history.jsonl");
        try (BankServers servers = BankServers.start(folder, USERS, TEMPLATES)) {
            boolean drained = play(servers, historyFile, planting);
            Side truth = RegisterView.read(servers)
                    .map(RegisterView::truth)
                    .orElseThrow(() -> new ChaosFailedException("The register cannot be read.", null));
            return Checker.check(
                    historyFile,
                    servers.evidence(),
                    servers.layout(new Layout.Ending(truth, drained, Optional.of(LONGEST_CLOSED))));
        }
    }

    private static boolean play(BankServers servers, Path historyFile, PlantedBug.Planting planting) {
        try (HistoryWriter history = HistoryWriter.create(historyFile);
                BankCrew crew = new BankCrew(servers)) {
            Commands commands = new Commands(servers, crew, history);
            Operator operator = new Operator(servers, commands, 1);
            operator.install();
            crew.start();
            try (BankClients clients = new BankClients(crew.door(), history, LOAD)) {
                clients.start();
                operator.prepare();
                operator.copy();
                Scene scene = new Scene(servers, crew, commands, operator, new Loner(crew.door(), history), clients);
                try {
                    planting.plant(scene);
                } catch (SQLException e) {
                    throw new ChaosFailedException("The bug could not be planted: " + e.getMessage(), e);
                } finally {
                    scene.heal();
                }
                clients.close();
                return !scene.abandoned() && drained(scene);
            }
        }
    }

    // A verification that comes to an end, with whatever verdict, has found nothing on its way any more.
    private static boolean drained(Scene scene) {
        return Waiting.until(REST, Duration.ofMillis(300), () -> {
            if (!scene.stable()) {
                return false;
            }
            Commands.Ended verified = scene.commands.run("verify", "once");
            return verified.exit() == 0 || verified.words().contains("old and new differ");
        });
    }
}
