package dev.cutover.migrator;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.row.KeyRange;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.apply.FencedTarget;
import dev.cutover.migrator.apply.Heap;
import dev.cutover.migrator.apply.Tables;
import dev.cutover.migrator.snapshot.CopyFailedException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Copies the dynamic tables with the application stopped: OLD closed, the shard databases replicas of the given epoch, no stream. Empties them
 * first; each shard is filled by a thread of its own. Stateless.
 */
public final class ColdCopy {
    private static final int GROUP_ROWS = 50_000;

    private ColdCopy() {}

    /** Copies everything in the epoch whose replicas the shard databases are. */
    public static CopyResult run(
            MigrationPlan plan, Topology topology, ControlDatabase control, ProgressListener listener) {
        Epoch epoch = MigrationWorker.streamEpoch(control.read());
        long begun = System.nanoTime();
        Map<String, Long> rows = new LinkedHashMap<>();
        Map<String, Long> quarantined = new LinkedHashMap<>();
        ExecutorService threads = Executors.newFixedThreadPool(plan.layout().databases());
        List<FencedTarget> shards = new ArrayList<>();
        try {
            Map<String, Projection> projections = Tables.forward(topology);
            for (int shard = 0; shard < plan.layout().databases(); shard++) {
                shards.add(FencedTarget.shard(topology, shard, epoch, projections));
            }
            for (Projection projection : projections.values()) {
                empty(plan, projection, shards, threads);
                copy(plan, topology, projection, shards, threads, rows, quarantined, listener);
            }
        } catch (SQLException e) {
            throw new CopyFailedException(
                    "The copy with the application stopped failed: " + e.getMessage() + " (error " + e.getErrorCode()
                            + "). It may simply be started again.",
                    e);
        } finally {
            threads.shutdownNow();
            shards.forEach(ColdCopy::close);
        }
        return new CopyResult(rows, quarantined, Duration.ofNanos(System.nanoTime() - begun));
    }

    private static void empty(
            MigrationPlan plan, Projection projection, List<FencedTarget> shards, ExecutorService threads) {
        List<Future<?>> running = new ArrayList<>();
        for (int shard = 0; shard < shards.size(); shard++) {
            FencedTarget target = shards.get(shard);
            int first = shard * plan.layout().tables();
            running.add(threads.submit(() -> {
                for (int table = 0; table < plan.layout().tables(); table++) {
                    target.empty(projection, plan.physicalTable(projection.table(), first + table));
                }
                return null;
            }));
        }
        await(running);
    }

    private static void copy(
            MigrationPlan plan,
            Topology topology,
            Projection projection,
            List<FencedTarget> shards,
            ExecutorService threads,
            Map<String, Long> rows,
            Map<String, Long> quarantined,
            ProgressListener listener)
            throws SQLException {
        String table = projection.table().name();
        RowReader reader = new RowReader();
        long begun = System.nanoTime();
        Filling filling = new Filling(plan, projection, shards, threads);
        try (Connection source = topology.database(DatabaseId.OLD).getConnection()) {
            List<KeyRange> ranges = reader.ranges(
                    source,
                    projection,
                    projection.table().fromTable(),
                    plan.copy().chunkRows());
            for (int i = 0; i < ranges.size(); i++) {
                reader.eachOfRange(source, projection, projection.table().fromTable(), ranges.get(i), filling::take);
                listener.progress(List.of(Rates.progress(
                        table, filling.copied, ranges.size() - 1 - i, plan, begun, i == ranges.size() - 1)));
            }
            filling.write();
            await(filling.writing);
        }
        rows.put(table, filling.copied);
        quarantined.put(table, filling.rejected);
    }

    /** Rows on their way: one group is written while the next is read. Owned by one thread. */
    private static final class Filling {
        private final MigrationPlan plan;
        private final Projection projection;
        private final List<FencedTarget> shards;
        private final ExecutorService threads;
        private final long heapShare = Heap.share(2);
        private List<List<ProjectedRow>> byShard;
        private List<Future<?>> writing = List.of();
        private int held;
        private long heapBytes;
        private long copied;
        private long rejected;

        Filling(MigrationPlan plan, Projection projection, List<FencedTarget> shards, ExecutorService threads) {
            this.plan = plan;
            this.projection = projection;
            this.shards = shards;
            this.threads = threads;
            this.byShard = fresh(shards.size());
        }

        void take(ProjectedRow row) {
            int shard = row.slot() < 0 ? 0 : plan.layout().databaseOf(row.slot());
            byShard.get(shard).add(row);
            held++;
            heapBytes += row.heapBytes();
            copied++;
            rejected += row.rejected() ? 1 : 0;
            if (held >= GROUP_ROWS || heapBytes >= heapShare) {
                write();
            }
        }

        void write() {
            await(writing);
            writing = ColdCopy.write(projection, shards, byShard, threads);
            byShard = fresh(shards.size());
            held = 0;
            heapBytes = 0;
        }
    }

    private static List<List<ProjectedRow>> fresh(int shards) {
        List<List<ProjectedRow>> byShard = new ArrayList<>();
        for (int shard = 0; shard < shards; shard++) {
            byShard.add(new ArrayList<>());
        }
        return byShard;
    }

    private static List<Future<?>> write(
            Projection projection,
            List<FencedTarget> shards,
            List<List<ProjectedRow>> byShard,
            ExecutorService threads) {
        List<Future<?>> running = new ArrayList<>();
        for (int shard = 0; shard < shards.size(); shard++) {
            FencedTarget target = shards.get(shard);
            List<ProjectedRow> rows = byShard.get(shard);
            running.add(threads.submit(() -> target.write(projection, rows)));
        }
        return running;
    }

    private static void await(List<Future<?>> running) {
        for (Future<?> future : running) {
            try {
                future.get();
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RuntimeException failure) {
                    throw failure;
                }
                throw new CopyFailedException("A shard database could not be filled: " + e.getMessage(), e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CopyFailedException("The copy was interrupted; it may simply be started again.", e);
            }
        }
    }

    private static void close(FencedTarget target) {
        try {
            target.close();
        } catch (SQLException e) {
            throw new CopyFailedException("A shard database could not be left: " + e.getMessage(), e);
        }
    }
}
