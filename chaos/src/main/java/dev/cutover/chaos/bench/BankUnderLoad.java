package dev.cutover.chaos.bench;

import dev.cutover.chaos.bank.Bank;
import dev.cutover.chaos.history.HistoryWriter;
import dev.cutover.chaos.operate.Commands;
import dev.cutover.chaos.operate.Operator;
import dev.cutover.chaos.stand.BankCrew;
import dev.cutover.chaos.stand.BankServers;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.core.plan.PlanReader;
import dev.cutover.core.stage.MySqlControlDatabase;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.ProxyOptions;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;

/** A bank on servers of its own, written to by this process at a steady rate. Owned by one thread. */
final class BankUnderLoad implements AutoCloseable {
    private static final int USERS = 2_000;
    private static final int THREADS = 16;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    final BankServers servers;
    final BankCrew crew;
    final Commands commands;
    final Operator operator;
    final Topology topology;
    final Writers writers;
    private final HistoryWriter history;
    private final DualWriteProxy proxy;

    /** Starts the servers and installs the migration; nobody writes yet. A failure ends this process, and with it the servers. */
    BankUnderLoad(Path folder, int rate) {
        servers = BankServers.start(folder, USERS, 1);
        history = HistoryWriter.create(folder.resolve("history.jsonl"));
        crew = new BankCrew(servers);
        commands = new Commands(servers, crew, history);
        operator = new Operator(servers, commands, 1);
        operator.install();
        topology = Topology.open(PlanReader.read(servers.plan()), "bank");
        proxy = DualWriteProxy.open(
                topology,
                new MySqlControlDatabase(topology.control()),
                ProxyOptions.of("bench"),
                new SimpleMeterRegistry());
        writers = new Writers(new Bank(proxy, topology, PATIENCE), USERS, rate, THREADS);
    }

    /** Begins to write, and copies beside it until both sides are the same; needs a worker. */
    void copied() {
        writers.start();
        operator.prepare();
        operator.copy();
    }

    /** The load reached since then, where no write has failed. */
    Figure load(String name, long begunNanos) {
        double reached = writers.rate(begunNanos, System.nanoTime());
        if (!writers.failures().isEmpty()) {
            throw new ChaosFailedException(
                    "Writes failed: " + writers.failures().get(0), null);
        }
        return new Figure(name, reached, "acknowledged writes/s");
    }

    @Override
    public void close() {
        writers.close();
        proxy.close();
        topology.close();
        crew.close();
        history.close();
        servers.close();
    }
}
