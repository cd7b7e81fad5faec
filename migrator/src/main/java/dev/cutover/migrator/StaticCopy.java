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
        long copied = 0;
        long rejected = 0;
        try (Connection source = topology.database(DatabaseId.OLD).getConnection()) {
            List<KeyRange> ranges = reader.ranges(
                    source, projection, table.fromTable(), plan.copy().chunkRows());
            for (int i = 0; i < ranges.size(); i++) {
                List<ProjectedRow> chunk = reader.byRange(source, projection, table.fromTable(), ranges.get(i));
                for (List<ProjectedRow> some : pieces(chunk, plan.copy().chunkRows())) {
                    meta.write(projection, some);
                }
                copied += chunk.size();
                rejected += chunk.stream().filter(ProjectedRow::rejected).count();
                rows.put(table.name(), copied);
                quarantined.put(table.name(), rejected);
                boolean last = i == ranges.size() - 1;
                listener.progress(
                        List.of(Rates.progress(table.name(), copied, ranges.size() - 1 - i, plan, begun, last)));
            }
        }
    }

    private static List<List<ProjectedRow>> pieces(List<ProjectedRow> rows, int size) {
        List<List<ProjectedRow>> pieces = new ArrayList<>();
        for (int from = 0; from < rows.size(); from += size) {
            pieces.add(rows.subList(from, Math.min(rows.size(), from + size)));
        }
        return pieces;
    }
}
