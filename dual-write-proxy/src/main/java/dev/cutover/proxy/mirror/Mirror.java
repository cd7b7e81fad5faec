package dev.cutover.proxy.mirror;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.row.RowWriter;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Side;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.ProxyOptions;
import dev.cutover.proxy.intake.RoutingView;
import dev.cutover.proxy.report.Count;
import dev.cutover.proxy.report.ProxyReport;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The second write of the dual modes. Safe for many threads.
 *
 * <p>It is asynchronous: the caller's unit is committed and answered before its mirror begins. On the caller's thread there is only a
 * hand-over of keys that never waits. The thread of the target database reads the rows of all units that have gathered, and writes them, or
 * gives them up: when the queue is full, the deadline has passed, the breaker is open, or a database refuses. Nothing is tried twice, and nothing fails the caller; the stream delivers what was missed.
 */
public final class Mirror implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Mirror.class);
    private static final String STREAM_OF_OLD = "old";

    private final Topology topology;
    private final MigrationPlan plan;
    private final ProxyOptions options;
    private final ProxyReport report;
    private final Projections projections;
    private final RowReader reader = new RowReader();
    private final RowWriter writer = new RowWriter();
    private final Map<DatabaseId, String> streams = new LinkedHashMap<>();
    private final ConcurrentHashMap<DatabaseId, Bulkhead> bulkheads = new ConcurrentHashMap<>();
    private final ActedOn actedOn;

    public Mirror(Topology topology, ProxyOptions options, ProxyReport report, RoutingView first) {
        this.actedOn = new ActedOn(first);
        this.topology = topology;
        this.plan = topology.plan();
        this.options = options;
        this.report = report;
        this.projections = new Projections(topology);
        streams.put(DatabaseId.OLD, STREAM_OF_OLD);
        for (ServerAddress server : topology.servers(Side.NEW)) {
            server.databases().forEach(database -> streams.put(database, server.stream()));
        }
    }

    /** Acts on this view from now on: what has queued is dropped where it says that nothing is mirrored. */
    public void follow(RoutingView view) {
        actedOn.follow(view);
    }

    /** The version of the register that mirrors act on; that of an older one while a transaction goes on that began under it. */
    public long version() {
        return actedOn.version();
    }

    /** Makes what mirrors of this view need; called in the background. */
    public void prepare(RoutingView view) {
        if (view.mirrors()) {
            projections.prepare(view.truth());
        }
    }

    /**
     * Takes over what a committed unit touched; returns at once.
     *
     * @param gtid of the unit's commit; empty when it was not reported under exactly one
     */
    public void accept(Map<String, Set<RowKey>> touched, RoutingView view, int slot, Optional<String> gtid) {
        if (touched.isEmpty()) {
            return;
        }
        if (gtid.isEmpty()) {
            missed(Count.MIRROR_NO_GTID);
            return;
        }
        if (!projections.outOf(view.truth()).keySet().containsAll(touched.keySet())) {
            missed(Count.MIRROR_NO_IMAGE);
            return;
        }
        String stream = streams.get(RoutingView.database(view.truth(), plan.layout(), slot));
        if (stream == null) {
            throw new IllegalStateException("No stream leads out of slot " + slot + " on " + view.truth() + ".");
        }
        submit(new Mirroring(view.truth(), slot, touched, stream, view.epoch(), gtid.get(), System.nanoTime()));
    }

    private void submit(Mirroring mirroring) {
        bulkheads
                .computeIfAbsent(
                        RoutingView.database(mirroring.truth().other(), plan.layout(), mirroring.slot()),
                        this::bulkhead)
                .submit(mirroring);
    }

    @Override
    public void close() {
        bulkheads.values().forEach(Bulkhead::stop);
        bulkheads.values().forEach(bulkhead -> bulkhead.await(options.mirrorDeadline()));
    }

    private Bulkhead bulkhead(DatabaseId target) {
        return new Bulkhead(target, options, mirrorings -> write(target, mirrorings), this::missed).start();
    }

    private void write(DatabaseId target, List<Mirroring> mirrorings) throws SQLException {
        try {
            if (actedOn.begin(target).mirrors()) {
                writeInOrder(target, mirrorings);
            } else {
                report.count(Count.MIRROR_SKIPPED, mirrorings.size());
            }
        } finally {
            actedOn.end(target);
        }
    }

    private void writeInOrder(DatabaseId target, List<Mirroring> mirrorings) throws SQLException {
        List<Mirroring> left = new ArrayList<>(mirrorings);
        while (!left.isEmpty()) {
            Mirroring first = left.get(0);
            List<Mirroring> together = left.stream().filter(first::goesWith).toList();
            left.removeAll(together);
            Optional<PostImages> images = postImages(together);
            if (images.isPresent()) {
                writeTogether(target, together, images.get());
            } else {
                together.forEach(any -> missed(Count.MIRROR_NO_IMAGE));
            }
        }
    }

    private Optional<PostImages> postImages(List<Mirroring> together) {
        Side truth = together.get(0).truth();
        try {
            return Optional.of(PostImages.read(topology, reader, projections.outOf(truth), together));
        } catch (SQLException e) {
            LOG.warn("The rows that units touched on {} cannot be projected; they are not mirrored.", truth, e);
            return Optional.empty();
        }
    }

    private void writeTogether(DatabaseId target, List<Mirroring> together, PostImages images) throws SQLException {
        Map<Mirroring, MirrorPart> parts = new LinkedHashMap<>();
        together.forEach(mirroring -> parts.put(mirroring, part(mirroring, images)));
        try (Connection session = topology.mirrors(target).getConnection()) {
            // A server that hangs must not hold the thread of this database longer than the deadline.
            session.setNetworkTimeout(
                    Runnable::run, Math.toIntExact(options.mirrorDeadline().toMillis()));
            int mirrored = MirrorPart.write(session, writer, parts, options.failpoints());
            report.count(Count.MIRRORED, mirrored);
            report.count(Count.MIRROR_SKIPPED, together.size() - mirrored);
        }
    }

    private void missed(Count reason) {
        report.count(Count.MIRROR_MISSED);
        report.count(reason);
        LOG.debug("A mirror was missed: {}", reason);
    }

    /** What one unit changes in its database; rows that have left for another slot are handed on to that slot's database. */
    private MirrorPart part(Mirroring mirroring, PostImages images) {
        MirrorPart part = new MirrorPart();
        Map<Integer, Map<String, Set<RowKey>>> moved = new LinkedHashMap<>();
        Map<String, Projection> ready = projections.outOf(mirroring.truth());
        for (Map.Entry<String, Set<RowKey>> touched : mirroring.touched().entrySet()) {
            Projection projection = Objects.requireNonNull(ready.get(touched.getKey()));
            for (RowKey key : touched.getValue()) {
                ProjectedRow row = images.row(plan, projection, mirroring, key);
                if (mirroring.truth() == Side.NEW) {
                    part.add(projection, projection.table().fromTable(), 0, key, Optional.ofNullable(row));
                    continue;
                }
                boolean atHome = row != null && row.slot() == mirroring.slot();
                part.add(
                        projection,
                        plan.physicalTable(projection.table(), mirroring.slot()),
                        mirroring.slot(),
                        key,
                        atHome ? Optional.ofNullable(row) : Optional.empty());
                // A row whose shard key was changed has moved; without a route the stream quarantines it.
                if (row != null && !atHome && row.slot() >= 0) {
                    moved.computeIfAbsent(row.slot(), any -> new LinkedHashMap<>())
                            .computeIfAbsent(touched.getKey(), any -> new LinkedHashSet<>())
                            .add(key);
                }
            }
        }
        moved.forEach((slot, rows) -> submit(mirroring.movedTo(slot, rows)));
        return part;
    }
}
