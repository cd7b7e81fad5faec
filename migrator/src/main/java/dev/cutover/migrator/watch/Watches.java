package dev.cutover.migrator.watch;

import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.stage.StrayLedger;
import dev.cutover.core.topology.Topology;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The watches the register calls for: every server with dynamic tables, from dual writing on until the migration is completed. Safe for many threads. */
public final class Watches implements AutoCloseable {
    private static final long COUNT_NANOS = Duration.ofSeconds(5).toNanos();

    private final Topology topology;
    private final ControlDatabase control;
    private final StrayLedger ledger;
    private final List<ServerWatch> running = new ArrayList<>();
    private volatile long strays;
    private long countedAt = System.nanoTime() - COUNT_NANOS;

    public Watches(Topology topology, ControlDatabase control) {
        this.topology = topology;
        this.control = control;
        this.ledger = new StrayLedger(topology.control());
    }

    /**
     * How one watch stands.
     *
     * @param state {@code starting}, {@code watching}, {@code resting} (the server holds the truth alone) or {@code broken}
     */
    public record WatchState(
            String server, String state, @Nullable String reason) {}

    /** Whether the register calls for watches. */
    public static boolean wanted(Register register) {
        return (register.mirror() || register.stage().atLeast(Stage.DUAL_WRITE))
                && !register.stage().atLeast(Stage.COMPLETED);
    }

    /** Starts, turns and ends watches as the register says, and records what they found; null ends all. */
    public synchronized void follow(@Nullable Register register) {
        if (register == null) {
            end();
            return;
        }
        if (!wanted(register)) {
            if (!running.isEmpty()) {
                end();
                // What comes before the next dual writing is nobody's concern.
                WatchedServer.of(topology.plan()).forEach(server -> ledger.forget(server.name()));
            }
            return;
        }
        if (running.isEmpty()) {
            for (WatchedServer server : WatchedServer.of(topology.plan())) {
                ServerWatch watch = new ServerWatch(server, topology, control, ledger, losing(server, register));
                running.add(watch);
                watch.start();
            }
        }
        List<WatchedServer> servers = WatchedServer.of(topology.plan());
        for (int i = 0; i < running.size(); i++) {
            ServerWatch watch = running.get(i);
            watch.losing(losing(servers.get(i), register));
            watch.tick();
        }
        if (System.nanoTime() - countedAt >= COUNT_NANOS) {
            countedAt = System.nanoTime();
            strays = ledger.openCount();
        }
    }

    private static boolean losing(WatchedServer server, Register register) {
        return server.has(register.truth().other());
    }

    private void end() {
        running.forEach(ServerWatch::close);
        running.clear();
    }

    public synchronized List<WatchState> states() {
        return running.stream()
                .map(watch -> new WatchState(
                        watch.name(), watch.state(), watch.reason().orElse(null)))
                .toList();
    }

    /** Stray writes that nobody has acknowledged, as of a few seconds ago. */
    public long strays() {
        return strays;
    }

    @Override
    public void close() {
        follow(null);
    }
}
