package dev.cutover.proxy.mirror;

import dev.cutover.core.fence.Epoch;
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
import dev.cutover.proxy.intake.UnitGuard;
import dev.cutover.proxy.report.Count;
import dev.cutover.proxy.report.ProxyReport;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The second write of the dual modes. Safe for many threads.
 *
 * <p>It is asynchronous: the caller's unit is committed and answered before its mirror begins. On the caller's thread there is only the
 * read of the touched rows, on the session and in the transaction of the unit, and a hand-over that never waits. A mirror is written by one
 * of a few threads of its target database, or given up: when the queue is full, the deadline has passed, the breaker is open, or the
 * database refuses. Nothing is tried twice, and nothing fails the caller; the stream delivers what was missed.
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

    public Mirror(Topology topology, ProxyOptions options, ProxyReport report) {
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

    /** Makes what mirrors of this view need; called in the background. */
    public void prepare(RoutingView view) {
        if (view.mirrors()) {
            projections.prepare(view.truth());
        }
    }

    /**
     * Reads the touched rows through the projection, in the unit's own transaction: defaults and NOW() are settled, nothing else moved.
     *
     * @throws SQLException only when the error ends the unit, too
     */
    public PostImages postImages(Connection session, RoutingView view, int slot, Map<String, Set<RowKey>> touched)
            throws SQLException {
        if (touched.isEmpty()) {
            return PostImages.NONE;
        }
        Map<String, Projection> ready = projections.outOf(view.truth());
        List<PostImages.OfTable> tables = new ArrayList<>();
        for (Map.Entry<String, Set<RowKey>> entry : touched.entrySet()) {
            Projection projection = ready.get(entry.getKey());
            if (projection == null) {
                return PostImages.UNREADABLE;
            }
            String source = view.truth() == Side.OLD
                    ? projection.table().fromTable()
                    : plan.physicalTable(projection.table(), slot);
            try {
                tables.add(new PostImages.OfTable(
                        projection, entry.getValue(), reader.byKeys(session, projection, source, entry.getValue())));
            } catch (SQLException e) {
                if (UnitGuard.kills(e)) {
                    throw e;
                }
                LOG.warn("The rows a unit touched in {} cannot be projected; they are not mirrored.", source, e);
                return PostImages.UNREADABLE;
            }
        }
        return new PostImages(true, tables);
    }

    /** Takes over the mirror of a committed unit; returns at once. */
    public void accept(PostImages images, RoutingView view, int slot, Optional<String> gtid) {
        if (!images.wanted()) {
            return;
        }
        if (images.tables().isEmpty()) {
            missed(Count.MIRROR_NO_IMAGE);
            return;
        }
        if (gtid.isEmpty()) {
            missed(Count.MIRROR_NO_GTID);
            return;
        }
        String stream = streams.get(RoutingView.database(view.truth(), plan.layout(), slot));
        if (stream == null) {
            throw new IllegalStateException("No stream leads out of slot " + slot + " on " + view.truth() + ".");
        }
        Epoch epoch = view.epoch();
        long now = System.nanoTime();
        for (MirrorPart part : parts(images, view.truth(), slot)) {
            bulkheads
                    .computeIfAbsent(part.target(), this::bulkhead)
                    .submit(new Mirroring(part, stream, epoch, gtid.get(), now));
        }
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
        try (Connection session = topology.units(target).getConnection()) {
            // A server that hangs must not hold the thread of this database longer than the deadline.
            session.setNetworkTimeout(
                    Runnable::run, Math.toIntExact(options.mirrorDeadline().toMillis()));
            List<Mirroring> left = new ArrayList<>(mirrorings);
            while (!left.isEmpty()) {
                Mirroring first = left.get(0);
                List<Mirroring> together = left.stream().filter(first::goesWith).toList();
                left.removeAll(together);
                int mirrored = MirrorPart.write(session, writer, together, options.failpoints());
                report.count(Count.MIRRORED, mirrored);
                report.count(Count.MIRROR_SKIPPED, together.size() - mirrored);
            }
        }
    }

    private void missed(Count reason) {
        report.count(Count.MIRROR_MISSED);
        report.count(reason);
        LOG.debug("A mirror was missed: {}", reason);
    }

    private Collection<MirrorPart> parts(PostImages images, Side truth, int slot) {
        Map<DatabaseId, MirrorPart> parts = new LinkedHashMap<>();
        for (PostImages.OfTable table : images.tables()) {
            Projection projection = table.projection();
            Map<RowKey, ProjectedRow> rows = new LinkedHashMap<>();
            table.rows().forEach(row -> rows.put(row.sourceKey(), row));
            for (RowKey key : table.keys()) {
                ProjectedRow row = rows.get(key);
                if (truth == Side.NEW) {
                    part(parts, DatabaseId.OLD)
                            .add(projection, projection.table().fromTable(), 0, key, Optional.ofNullable(row));
                    continue;
                }
                boolean atHome = row != null && row.slot() == slot;
                forward(parts, projection, slot, key, atHome ? Optional.ofNullable(row) : Optional.empty());
                // A row whose shard key was changed has moved; without a route the stream quarantines it.
                if (row != null && !atHome && row.slot() >= 0) {
                    forward(parts, projection, row.slot(), key, Optional.of(row));
                }
            }
        }
        return parts.values();
    }

    private void forward(
            Map<DatabaseId, MirrorPart> parts,
            Projection projection,
            int slot,
            RowKey key,
            Optional<ProjectedRow> row) {
        part(parts, DatabaseId.shard(plan.layout().databaseOf(slot)))
                .add(projection, plan.physicalTable(projection.table(), slot), slot, key, row);
    }

    private static MirrorPart part(Map<DatabaseId, MirrorPart> parts, DatabaseId target) {
        return parts.computeIfAbsent(target, MirrorPart::new);
    }
}
