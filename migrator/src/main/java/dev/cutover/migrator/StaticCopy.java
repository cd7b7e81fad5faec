package dev.cutover.migrator;

import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.apply.FencedTarget;
import dev.cutover.migrator.apply.Heap;
import dev.cutover.migrator.snapshot.CopyFailedException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Copies the frozen, unsharded tables into {@code meta}: empties each and fills it, under the fence of {@code meta} as replica of the register's
 * epoch. It may be run again at any time before the switch. Stateless.
 */
public final class StaticCopy {
    private StaticCopy() {}

    public static CopyResult run(
            MigrationPlan plan, Topology topology, ControlDatabase control, ProgressListener listener) {
        long begun = System.nanoTime();
        Map<String, Long> rows = new LinkedHashMap<>();
        Map<String, Long> quarantined = new LinkedHashMap<>();
        String table = "";
        try {
            Map<String, Projection> projections = new LinkedHashMap<>();
            for (TablePlan one : plan.staticTables()) {
                table = one.name();
                projections.put(one.name(), Projection.forward(topology, one));
            }
            try (FencedTarget meta =
                    FencedTarget.meta(topology, MigrationWorker.streamEpoch(control.read()), projections)) {
                for (Projection projection : projections.values()) {
                    table = projection.table().name();
                    copy(plan, topology, projection, meta, rows, quarantined, listener);
                }
            }
        } catch (SQLException e) {
            throw new CopyFailedException(
                    "The static table " + table + " could not be copied: " + e.getMessage() + " (error "
                            + e.getErrorCode() + "). The copy may simply be started again.",
                    e);
        }
        return new CopyResult(rows, quarantined, Duration.ofNanos(System.nanoTime() - begun));
    }

    private static void copy(
            MigrationPlan plan,
            Topology topology,
            Projection projection,
            FencedTarget meta,
            Map<String, Long> rows,
            Map<String, Long> quarantined,
            ProgressListener listener)
            throws SQLException {
        TablePlan table = projection.table();
        RowReader reader = new RowReader();
        long begun = System.nanoTime();
        meta.empty(projection, table.name());
        Filling filling = new Filling(projection, meta, plan.copy().chunkRows());
        try (Connection source = topology.database(DatabaseId.OLD).getConnection()) {
            List<KeyRange> ranges = reader.ranges(
                    source, projection, table.fromTable(), plan.copy().chunkRows());
            for (int i = 0; i < ranges.size(); i++) {
                reader.eachOfRange(source, projection, table.fromTable(), ranges.get(i), filling::take);
                filling.write();
                rows.put(table.name(), filling.copied);
                quarantined.put(table.name(), filling.rejected);
                boolean last = i == ranges.size() - 1;
                listener.progress(List.of(
                        Rates.progress(table.name(), filling.copied, ranges.size() - 1 - i, plan, begun, last)));
            }
        }
    }

    /** Rows that were read and are not written yet. Owned by one thread. */
    private static final class Filling {
        private final Projection projection;
        private final FencedTarget meta;
        private final int mostRows;
        private final long heapShare = Heap.share(1);
        private final List<ProjectedRow> held = new ArrayList<>();
        private long heapBytes;
        private long copied;
        private long rejected;

        Filling(Projection projection, FencedTarget meta, int mostRows) {
            this.projection = projection;
            this.meta = meta;
            this.mostRows = mostRows;
        }

        void take(ProjectedRow row) throws SQLException {
            held.add(row);
            heapBytes += row.heapBytes();
            copied++;
            rejected += row.rejected() ? 1 : 0;
            if (held.size() >= mostRows || heapBytes >= heapShare) {
                write();
            }
        }

        void write() throws SQLException {
            meta.write(projection, held);
            held.clear();
            heapBytes = 0;
        }
    }
}
