package dev.cutover.chaos.run;

import dev.cutover.chaos.checker.CheckReport;
import dev.cutover.chaos.checker.Checker;
import dev.cutover.chaos.checker.Layout;
import dev.cutover.chaos.fault.Nemesis;
import dev.cutover.chaos.history.HistoryWriter;
import dev.cutover.chaos.history.Side;
import dev.cutover.chaos.load.BankClients;
import dev.cutover.chaos.operate.Commands;
import dev.cutover.chaos.operate.Operator;
import dev.cutover.chaos.operate.RegisterView;
import dev.cutover.chaos.stand.BankCrew;
import dev.cutover.chaos.stand.BankServers;
import dev.cutover.chaos.stand.ChaosFailedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** One run: a bank that is migrated, switched and rolled back while everything breaks, then the verdict. Used once, by one thread. */
public final class ChaosRun {
    private static final int TEMPLATES = 20;
    private static final Duration LONGEST_CLOSED = Duration.ofSeconds(60);

    private final Path folder;
    private final Options options;
    private final Consumer<String> says;

    /**
     * What to do.
     *
     * @param seed draws every fault and every request
     * @param breaking how long things break
     * @param rate requests a second
     * @param between quiet time between two faults, about
     */
    public record Options(long seed, Duration breaking, int clients, int users, int rate, Duration between) {
        /** So that two cores which all of it shares can follow. */
        public static Options of(long seed, Duration breaking) {
            return new Options(seed, breaking, 12, 300, 160, Duration.ofMillis(2_000));
        }

        Options withRate(int newRate) {
            return new Options(seed, breaking, clients, users, newRate, between);
        }
    }

    /**
     * What a run came to.
     *
     * @param course what was done to the bank
     */
    public record Result(CheckReport report, Course course) {}

    /**
     * What was done in a run.
     *
     * @param faults that hit somebody, by kind
     * @param mishaps moves whose coordinator was interfered with
     * @param unanswered requests that nobody answered within the patience of the clients
     */
    public record Course(
            Map<String, Integer> faults, FaultCoverage coverage, int cycles, int mishaps, List<String> unanswered) {}

    /**
     * A run in a folder that exists and is empty.
     *
     * @param says hears what goes on, a line at a time
     */
    public ChaosRun(Path folder, Options options, Consumer<String> says) {
        this.folder = folder;
        this.options = options;
        this.says = says;
    }

    /**
     * Runs it.
     *
     * @throws ChaosFailedException when a command that nothing stopped did not come to its end, or a difference was found
     */
    public Result run() {
        Path historyFile = folder.resolve("history.jsonl");
        try (BankServers servers = BankServers.start(folder, options.users(), TEMPLATES)) {
            Course course = breakEverything(servers, historyFile);
            says.accept("checking " + historyFile + " against the tables and the binlogs of every server");
            Side truth = RegisterView.read(servers)
                    .map(RegisterView::truth)
                    .orElseThrow(() -> new ChaosFailedException("The register cannot be read.", null));
            CheckReport report = Checker.check(
                    historyFile,
                    servers.evidence(),
                    servers.layout(new Layout.Ending(truth, true, Optional.of(LONGEST_CLOSED))));
            return new Result(report, course);
        }
    }

    private Course breakEverything(BankServers servers, Path historyFile) {
        try (HistoryWriter history = HistoryWriter.create(historyFile);
                BankCrew crew = new BankCrew(servers)) {
            Commands commands = new Commands(servers, crew, history);
            Operator operator = new Operator(servers, commands, options.seed());
            operator.install();
            crew.start();
            says.accept("two instances of the bank and two workers run; " + options.clients() + " clients begin");
            BankClients clients = new BankClients(
                    crew.door(),
                    history,
                    new BankClients.Options(
                            options.seed(), options.clients(), options.users(), TEMPLATES, options.rate()));
            Nemesis nemesis = new Nemesis(servers, crew, history, options.seed(), options.between());
            try (clients;
                    nemesis) {
                clients.start();
                operator.prepare();
                nemesis.start();
                long end = System.nanoTime() + options.breaking().toNanos();
                operator.copy();
                says.accept("copied and verified; now switches and rollbacks");
                while (System.nanoTime() < end) {
                    operator.cycle(true);
                    requireAlive(nemesis);
                    says.accept(operator.cycles() + " cycles, " + clients.acknowledged() + " operations, faults "
                            + nemesis.count());
                }
            }
            requireAlive(nemesis);
            // Nobody writes and nothing breaks any more: what is equal now has been drained.
            operator.verified();
            return new Course(
                    nemesis.count(),
                    FaultCoverage.of(crew.seen()),
                    operator.cycles(),
                    operator.mishaps(),
                    clients.unanswered());
        }
    }

    private static void requireAlive(Nemesis nemesis) {
        nemesis.failure().ifPresent(failure -> {
            throw new ChaosFailedException("What breaks things has broken itself: " + failure.getMessage(), failure);
        });
    }
}
