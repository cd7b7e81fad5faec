package dev.cutover.verifier.recheck;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.Position;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.VerificationFailedException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * While the stream runs: a marker is written on the truth, and the other side has applied all that was visible there once its position
 * holds the marker.
 *
 * <p>A marker and not {@code @@gtid_executed}: a row can be visible before its GTID is in that set, while the marker's transaction comes
 * after every commit that was visible when it began.
 */
public final class StreamPosition implements InFlight {
    private static final Duration POLL = Duration.ofMillis(10);

    private final Topology topology;
    private final Side truth;
    private final Epoch epoch;
    private final Duration bound;
    private final Pause pause;

    public StreamPosition(Topology topology, Side truth, Epoch epoch, Duration bound, Pause pause) {
        this.topology = topology;
        this.truth = truth;
        this.epoch = epoch;
        this.bound = bound;
        this.pause = pause;
    }

    /** A transaction of a stream, awaited in one database. */
    private record Awaited(DatabaseId database, String stream, String gtid) {
        @Override
        public String toString() {
            return stream + " " + gtid + " applied in " + database;
        }
    }

    @Override
    public Side truth() {
        return truth;
    }

    @Override
    public boolean moving() {
        return true;
    }

    @Override
    public Optional<String> settle(Set<DatabaseId> databases) {
        List<Awaited> awaited = new ArrayList<>();
        Set<DatabaseId> sorted = new TreeSet<>(databases);
        if (truth == Side.OLD) {
            String stream = topology.servers(Side.OLD).get(0).stream();
            String gtid = mark(DatabaseId.OLD, stream);
            sorted.forEach(database -> awaited.add(new Awaited(database, stream, gtid)));
        } else {
            sorted.forEach(database -> {
                String stream = streamOf(database);
                awaited.add(new Awaited(DatabaseId.OLD, stream, mark(database, stream)));
            });
        }
        long deadline = System.nanoTime() + bound.toNanos();
        for (Awaited one : awaited) {
            while (!applied(one)) {
                if (System.nanoTime() - deadline > 0) {
                    return Optional.empty();
                }
                pause.on(POLL);
            }
        }
        return Optional.of(
                String.join(", ", awaited.stream().map(Awaited::toString).toList()));
    }

    private String streamOf(DatabaseId database) {
        return topology.servers(Side.NEW).stream()
                .filter(server -> server.databases().contains(database))
                .map(ServerAddress::stream)
                .findFirst()
                .orElseThrow(() -> new VerificationFailedException("No server of the plan holds " + database + "."));
    }

    private String mark(DatabaseId database, String stream) {
        try (Connection connection = topology.database(database).getConnection()) {
            return Fence.writeMarker(
                    connection, stream, epoch, UUID.randomUUID().toString());
        } catch (SQLException e) {
            throw new VerificationFailedException(
                    "The marker that tells a row in flight from a difference could not be written on "
                            + topology.endpoint(database).describe() + " (" + e.getMessage()
                            + "). Mend the cause, or verify with the streams stopped and the sides closed.",
                    e);
        }
    }

    private boolean applied(Awaited awaited) {
        try (Connection connection = topology.database(awaited.database()).getConnection()) {
            return Positions.read(connection, awaited.stream())
                    .map(Position::set)
                    .filter(set -> set.containsGtid(awaited.gtid()))
                    .isPresent();
        } catch (SQLException e) {
            throw new VerificationFailedException(
                    "The position of the stream '" + awaited.stream() + "' could not be read on "
                            + topology.endpoint(awaited.database()).describe() + " (" + e.getMessage() + ").",
                    e);
        }
    }
}
