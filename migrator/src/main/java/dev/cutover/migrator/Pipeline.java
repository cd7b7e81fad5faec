package dev.cutover.migrator;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.apply.ApplyWorker;
import dev.cutover.migrator.apply.Beats;
import dev.cutover.migrator.stream.ChangeStream;
import dev.cutover.migrator.stream.SourceTransaction;
import dev.cutover.migrator.stream.StreamBrokenException;
import dev.cutover.migrator.stream.StreamListener;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running stream with its appliers. The first of them to fail ends the whole; a new pipeline begins at the positions. Safe for many threads.
 */
final class Pipeline implements StreamListener, AutoCloseable {
    private static final Duration SILENCE = Duration.ofSeconds(20);
    // The engine makes itself ready before it streams: a second, but more for a thousand tables on a busy machine.
    // Started
    // again it would begin with the same from nothing.
    private static final Duration START = Duration.ofMinutes(3);

    private static final Duration SETTLING = Duration.ofSeconds(5);
    private static final Logger LOG = LoggerFactory.getLogger(Pipeline.class);

    private final Topology topology;
    private final StreamPlace place;
    private final List<ApplyWorker> appliers;
    private final Beats beats;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
    private @Nullable ChangeStream stream;
    private volatile boolean delivering;
    private final long openedAt = System.nanoTime();
    private volatile long heardAt = openedAt;
    private volatile boolean heard;

    /**
     * Which stream, in which epoch.
     *
     * @param source the database whose server is listened to
     */
    record StreamPlace(String stream, Epoch epoch, DatabaseId source) {}

    private Pipeline(Topology topology, StreamPlace place, List<ApplyWorker> appliers, long firstBeat) {
        this.topology = topology;
        this.place = place;
        this.appliers = List.copyOf(appliers);
        this.beats = new Beats(place.stream(), firstBeat);
    }

    /**
     * Starts the stream at what all appliers have applied.
     *
     * @param appliers opened, not started; closed with the pipeline
     * @param start starts the stream from a position for a listener
     */
    static Pipeline start(
            Topology topology,
            StreamPlace place,
            List<ApplyWorker> appliers,
            BiFunction<GtidSet, StreamListener, ChangeStream> start) {
        long firstBeat = System.currentTimeMillis();
        Pipeline pipeline = new Pipeline(topology, place, appliers, firstBeat);
        try {
            GtidSet from = appliers.get(0).position();
            for (ApplyWorker applier : appliers) {
                from = from.intersect(applier.position());
            }
            appliers.forEach(applier -> applier.start(firstBeat, pipeline::fail));
            pipeline.stream = start.apply(from, pipeline);
            return pipeline;
        } catch (RuntimeException e) {
            pipeline.close();
            throw e;
        }
    }

    @Override
    public void transactions(List<SourceTransaction> transactions) throws InterruptedException {
        heardAt = System.nanoTime();
        heard = true;
        delivering = true;
        try {
            for (ApplyWorker applier : appliers) {
                applier.offer(transactions);
            }
        } finally {
            delivering = false;
            heardAt = System.nanoTime();
        }
    }

    @Override
    public void ended(RuntimeException reason) {
        // The positions come as close to the end as they can: events before a definition change may be unreadable after
        // it.
        try {
            for (ApplyWorker applier : appliers) {
                if (failure().isEmpty() && !applier.settle(SETTLING)) {
                    LOG.info(
                            "{} did not apply in time what the ended stream had brought; it is read again",
                            applier.database());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        fail(reason);
    }

    private void fail(RuntimeException reason) {
        failure.compareAndSet(null, reason);
        ended.countDown();
    }

    /** Waits this long for the end; whether it came. */
    boolean endedWithin(Duration time) throws InterruptedException {
        return ended.await(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    Optional<RuntimeException> failure() {
        return Optional.ofNullable(failure.get());
    }

    /** Sends a beat; ends the pipeline when the stream has said nothing for too long although beats were sent. */
    void beat() {
        long now = System.nanoTime();
        long patience = (heard ? SILENCE : START).toNanos();
        if (!delivering && now - heardAt > patience && oldestBeat().toNanos() > patience) {
            fail(new StreamBrokenException(
                    place.stream(),
                    "nothing came for " + (now - heardAt) / 1_000_000_000L
                            + " s, though beats were written to its source.",
                    null));
            return;
        }
        try (Connection connection = topology.database(place.source()).getConnection();
                PreparedStatement upsert =
                        connection.prepareStatement("INSERT INTO cutover_marker (stream, epoch, nonce) VALUES (?, ?, ?)"
                                + " ON DUPLICATE KEY UPDATE epoch = VALUES(epoch), nonce = VALUES(nonce)")) {
            upsert.setString(1, beats.markerName());
            upsert.setLong(2, place.epoch().number());
            upsert.setString(3, beats.send(now));
            upsert.executeUpdate();
        } catch (SQLException e) {
            fail(new StreamBrokenException(place.stream(), "its source takes no beat: " + e.getMessage() + ".", e));
        }
    }

    /**
     * How long ago the oldest change was made that is not applied everywhere, seen through beats; empty until the first of them has come
     * back: connecting and finding the position takes seconds, and a stream that has brought nothing yet is not a stream that keeps up.
     */
    Optional<Duration> lag() {
        return beats.cameBack(appliedBeat()) ? Optional.of(oldestBeat()) : Optional.empty();
    }

    private Duration oldestBeat() {
        return Duration.ofNanos(beats.lagNanos(appliedBeat(), System.nanoTime()));
    }

    private long appliedBeat() {
        return appliers.stream().mapToLong(ApplyWorker::appliedBeat).min().orElse(-1);
    }

    List<ApplyWorker> appliers() {
        return appliers;
    }

    @Override
    public void close() {
        ended.countDown();
        // The appliers first: the stream may wait for room in one of them.
        appliers.forEach(ApplyWorker::close);
        ChangeStream running = stream;
        if (running != null) {
            running.close();
        }
    }
}
