package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.Position;
import dev.cutover.core.fence.Positions;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;

/**
 * Writes a marker on every database being left and waits until each has arrived everywhere.
 *
 * <p>Written after its database's close is committed, a marker is behind every write the application ever made there; a target whose
 * position holds it has applied them all.
 */
final class Drain {
    private static final Duration ASK_AGAIN = Duration.ofMillis(3);

    private final StepContext context;
    private final Side from;

    Drain(StepContext context, Side from) {
        this.context = context;
        this.from = from;
    }

    /** Stream name to the GTIDs of its markers. */
    Map<String, List<String>> mark(Epoch epoch) throws SQLException {
        String nonce = UUID.randomUUID().toString();
        Map<String, List<String>> markers = new LinkedHashMap<>();
        List<Callable<Map.Entry<String, String>>> tasks = new ArrayList<>();
        Streams.outOf(context.topology(), from).forEach((stream, databases) -> {
            for (DatabaseId database : databases) {
                tasks.add(() -> {
                    try (Connection connection =
                            context.topology().database(database).getConnection()) {
                        return Map.entry(stream, Fence.writeMarker(connection, stream, epoch, nonce));
                    }
                });
            }
        });
        for (Map.Entry<String, String> marker : Together.call(context.threads(), tasks)) {
            markers.computeIfAbsent(marker.getKey(), stream -> new ArrayList<>())
                    .add(marker.getValue());
        }
        return markers;
    }

    /** Returns when every target's position holds every marker of every stream, or who is behind when it does not in time. */
    List<String> await(Map<String, List<String>> markers, Duration bound) throws SQLException {
        List<Callable<String>> tasks = new ArrayList<>();
        for (DatabaseId target : Streams.targets(context.topology(), from.other())) {
            tasks.add(() -> awaitOne(target, markers, bound));
        }
        return Together.call(context.threads(), tasks).stream()
                .filter(text -> !text.isEmpty())
                .toList();
    }

    private String awaitOne(DatabaseId target, Map<String, List<String>> markers, Duration bound) throws SQLException {
        try (Connection connection = context.topology().database(target).getConnection()) {
            boolean arrived = Waiting.until(
                    bound, ASK_AGAIN, () -> missing(connection, markers).isEmpty());
            return arrived ? "" : target + " is behind on " + missing(connection, markers);
        }
    }

    private static List<String> missing(Connection connection, Map<String, List<String>> markers) throws SQLException {
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, List<String>> stream : markers.entrySet()) {
            Optional<Position> position = Positions.read(connection, stream.getKey());
            GtidSet applied = position.map(Position::set).orElse(GtidSet.EMPTY);
            for (String marker : stream.getValue()) {
                if (!applied.containsGtid(marker)) {
                    missing.add(stream.getKey() + " " + marker);
                }
            }
        }
        return missing;
    }
}
