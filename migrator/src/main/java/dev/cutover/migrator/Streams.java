package dev.cutover.migrator;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.row.Projection;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.Pipeline.StreamPlace;
import dev.cutover.migrator.apply.AppliedKeys;
import dev.cutover.migrator.apply.ApplyFailedException;
import dev.cutover.migrator.apply.ApplyWorker;
import dev.cutover.migrator.apply.Tables;
import dev.cutover.migrator.stream.ChangeStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** The streams the register calls for: forward while OLD holds the truth and is dual written, reverse after the switch. Safe for many threads. */
final class Streams implements AutoCloseable {
    private static final String FORWARD = "old";

    private final Topology topology;
    private final Failpoints failpoints;
    private final AppliedKeys hearer;
    private final Map<String, StreamKeeper> keepers = new LinkedHashMap<>();
    private final ExecutorService openers = Executors.newCachedThreadPool(runnable -> {
        Thread thread = new Thread(runnable, "open-applier");
        thread.setDaemon(true);
        return thread;
    });
    private volatile Map<String, String> settings = Map.of();
    private @Nullable Map<String, Projection> forward;
    private @Nullable Map<String, Projection> backward;

    /**
     * None runs yet.
     *
     * @param hearer hears what the appliers of the forward stream commit
     */
    Streams(Topology topology, Failpoints failpoints, AppliedKeys hearer) {
        this.topology = topology;
        this.failpoints = failpoints;
        this.hearer = hearer;
    }

    void settings(Map<String, String> live) {
        settings = Map.copyOf(live);
    }

    /** Starts what is missing and ends what is too much; null ends all. */
    synchronized void follow(@Nullable Register register) {
        Map<String, Epoch> wanted = register == null ? Map.of() : wanted(register);
        for (StreamKeeper keeper : List.copyOf(keepers.values())) {
            if (!keeper.epoch().equals(wanted.get(keeper.stream()))) {
                keepers.remove(keeper.stream());
                keeper.close();
            }
        }
        wanted.forEach((stream, epoch) -> {
            if (!keepers.containsKey(stream)) {
                StreamKeeper keeper =
                        new StreamKeeper(stream, epoch, () -> open(stream, epoch), this::stoppedBySettings);
                keepers.put(stream, keeper);
                keeper.start();
            }
        });
    }

    private Map<String, Epoch> wanted(Register register) {
        Map<String, Epoch> wanted = new LinkedHashMap<>();
        Epoch epoch = MigrationWorker.streamEpoch(register);
        if (register.truth() == Side.OLD) {
            if (register.mirror()
                    || (register.stage().atLeast(Stage.DUAL_WRITE)
                            && !register.stage().atLeast(Stage.COMPLETED))) {
                wanted.put(FORWARD, epoch);
            }
        } else if (register.stage() == Stage.SWITCHED) {
            for (ServerAddress server : topology.servers(Side.NEW)) {
                if (!shards(server).isEmpty()) {
                    wanted.put(server.stream(), epoch);
                }
            }
        }
        return wanted;
    }

    private static List<DatabaseId> shards(ServerAddress server) {
        return server.databases().stream()
                .filter(database -> !database.equals(DatabaseId.META))
                .toList();
    }

    private Object stoppedBySettings() {
        return settings.getOrDefault("accept_ddl", "") + "/" + settings.getOrDefault("adopted", "");
    }

    private Set<String> acceptedDdl() {
        Set<String> accepted = new TreeSet<>();
        for (String gtid : settings.getOrDefault("accept_ddl", "").split("[,\\s]+")) {
            if (!gtid.isEmpty()) {
                accepted.add(gtid);
            }
        }
        return accepted;
    }

    private Pipeline open(String stream, Epoch epoch) {
        List<ApplyWorker> appliers = new ArrayList<>();
        try {
            if (stream.equals(FORWARD)) {
                Map<String, Projection> projections = forwardProjections();
                MigrationPlan plan = topology.plan();
                openAll(plan.layout().databases(), appliers, projections, epoch);
                appliers.forEach(applier -> applier.tell(hearer));
                return Pipeline.start(
                        topology,
                        new StreamPlace(stream, epoch, DatabaseId.OLD),
                        appliers,
                        (from, listener) -> ChangeStream.forward(topology, from, acceptedDdl(), listener));
            }
            ServerAddress server = topology.servers(Side.NEW).stream()
                    .filter(one -> one.stream().equals(stream))
                    .findFirst()
                    .orElseThrow();
            appliers.add(ApplyWorker.reverse(topology, server, backwardProjections(), epoch, failpoints));
            return Pipeline.start(
                    topology,
                    new StreamPlace(stream, epoch, shards(server).get(0)),
                    appliers,
                    (from, listener) -> ChangeStream.reverse(topology, server, from, acceptedDdl(), listener));
        } catch (RuntimeException e) {
            appliers.forEach(ApplyWorker::close);
            throw e;
        }
    }

    // Each connects twice; one after the other they would hold up the start of the stream.
    private void openAll(int shards, List<ApplyWorker> appliers, Map<String, Projection> projections, Epoch epoch) {
        List<CompletableFuture<ApplyWorker>> opening = new ArrayList<>();
        for (int number = 0; number < shards; number++) {
            int shard = number;
            opening.add(CompletableFuture.supplyAsync(
                    () -> ApplyWorker.forward(topology, shard, projections, epoch, failpoints), openers));
        }
        @Nullable RuntimeException failure = null;
        for (CompletableFuture<ApplyWorker> one : opening) {
            try {
                appliers.add(one.join());
            } catch (CompletionException e) {
                failure = e.getCause() instanceof RuntimeException cause ? cause : e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    synchronized Map<String, Projection> forwardProjections() {
        Map<String, Projection> made = forward;
        if (made == null) {
            try {
                made = Tables.forward(topology);
            } catch (SQLException e) {
                throw new ApplyFailedException("The projections to NEW could not be made: " + e.getMessage(), e);
            }
            forward = made;
        }
        return made;
    }

    private synchronized Map<String, Projection> backwardProjections() {
        Map<String, Projection> made = backward;
        if (made == null) {
            try {
                made = Tables.backward(topology);
            } catch (SQLException e) {
                throw new ApplyFailedException("The projections to OLD could not be made: " + e.getMessage(), e);
            }
            backward = made;
        }
        return made;
    }

    /** Sends a beat through every running stream. */
    void beat() {
        for (StreamKeeper keeper : keepers()) {
            keeper.pipeline().ifPresent(Pipeline::beat);
        }
    }

    synchronized List<StreamKeeper> keepers() {
        return List.copyOf(keepers.values());
    }

    /** The appliers of the forward stream, one a shard, while it runs. */
    Optional<Pipeline> forwardPipeline() {
        return keepers().stream()
                .filter(keeper -> keeper.stream().equals(FORWARD))
                .findFirst()
                .flatMap(StreamKeeper::pipeline);
    }

    Map<String, String> liveSettings() {
        return settings;
    }

    /** The largest lag of all running streams; empty while one of them has none to show. */
    Optional<Duration> lag() {
        Duration largest = Duration.ZERO;
        for (StreamKeeper keeper : keepers()) {
            Optional<Duration> lag = keeper.pipeline().flatMap(Pipeline::lag);
            if (lag.isEmpty()) {
                return Optional.empty();
            }
            largest = largest.compareTo(lag.get()) < 0 ? lag.get() : largest;
        }
        return Optional.of(largest);
    }

    /** Whether a stream is being opened, or has brought nothing yet. */
    boolean starting() {
        return keepers().stream().anyMatch(StreamKeeper::starting);
    }

    double rowsApplied() {
        return keepers().stream()
                .flatMap(keeper -> keeper.pipeline().stream())
                .flatMap(pipeline -> pipeline.appliers().stream())
                .mapToLong(ApplyWorker::rowsApplied)
                .sum();
    }

    @Override
    public synchronized void close() {
        follow(null);
        openers.shutdown();
    }
}
