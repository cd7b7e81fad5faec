package dev.cutover.migrator.snapshot;

import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowReader;
import dev.cutover.core.stage.Chunk;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.Progress;
import dev.cutover.migrator.apply.ApplyWorker;
import dev.cutover.migrator.apply.Heap;
import dev.cutover.migrator.apply.Window;
import dev.cutover.migrator.throttle.Throttle;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Copies the dynamic tables while the application writes and the stream runs.
 *
 * <p><b>Idea.</b> Every applier opens a window and from then on notes the keys it writes; several chunks are read from the source without locks;
 * each applier, between two of its batches, writes the rows that route to it and are not noted. A row that is not noted was not touched by the
 * stream since before it was read, so what was read is what the stream would bring; a noted one is left to the stream.
 *
 * <p><b>Invariant.</b> After a chunk is done, every row of its range that the stream has not delivered is on the target as the source held it at
 * or after the window's opening.
 *
 * <p><b>What breaks without the window.</b> A row is read, deleted on the source, the delete is applied (nothing to delete yet), and then the
 * chunk writes the row: resurrected for ever.
 *
 * <p>Many chunks share one window, so that a statement carries tens of rows even into a thousand physical tables. A chunk is done only when every
 * shard database has committed its part; a crash before that reads it again.
 *
 * <p>Owned by one thread; {@link #progress} may be called by others.
 */
public final class WindowedCopy {
    private static final int ROWS_A_TABLE = 64;
    private static final int MIN_GROUP_ROWS = 20_000;
    private static final int MAX_GROUP_ROWS = 80_000;
    private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Topology topology;
    private final ControlDatabase control;
    private final Collection<Projection> projections;
    private final List<ApplyWorker> appliers;
    private final Throttle throttle;
    private final ExecutorService executor;
    private final Failpoints failpoints;
    private final CopyProgress progress;
    private final RowReader reader = new RowReader();
    private final long heapShare;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition stopping = lock.newCondition();
    private volatile boolean stopped;

    /**
     * A copy that goes on where an earlier one ended.
     *
     * @param projections forward, of the dynamic tables
     * @param appliers one a shard database, in order of the shards
     * @param executor runs {@code plan.copy.workers} readers
     */
    public WindowedCopy(
            Topology topology,
            ControlDatabase control,
            Collection<Projection> projections,
            List<ApplyWorker> appliers,
            Throttle throttle,
            ExecutorService executor,
            Failpoints failpoints) {
        this.topology = topology;
        this.control = control;
        this.projections = List.copyOf(projections);
        this.appliers = List.copyOf(appliers);
        this.throttle = throttle;
        this.executor = executor;
        this.failpoints = failpoints;
        this.heapShare = Heap.share(topology.plan().copy().workers());
        this.progress = new CopyProgress(topology.plan().copy().chunkRows());
    }

    private record Group(Projection projection, List<Chunk> chunks) {}

    /** Copies all chunks that are not done; returns when they are, or when stopped. */
    public void run() throws InterruptedException {
        try {
            Deque<Group> groups = plan();
            List<Future<?>> readers = new ArrayList<>();
            for (int i = 0; i < topology.plan().copy().workers(); i++) {
                int number = i;
                readers.add(executor.submit(() -> {
                    copy(groups, number);
                    return null;
                }));
            }
            await(readers);
        } catch (SQLException e) {
            throw new CopyFailedException("The chunks of the copy could not be planned: " + e.getMessage(), e);
        }
    }

    private Deque<Group> plan() throws SQLException {
        int groupRows = Math.max(
                MIN_GROUP_ROWS,
                Math.min(MAX_GROUP_ROWS, topology.plan().layout().slots() * ROWS_A_TABLE));
        int groupChunks = Math.max(1, groupRows / topology.plan().copy().chunkRows());
        Deque<Group> groups = new ArrayDeque<>();
        for (Projection projection : projections) {
            List<Chunk> chunks = ChunkPlanning.chunks(topology, control, projection);
            progress.planned(projection.table().name(), chunks);
            List<Chunk> todo = chunks.stream()
                    .filter(chunk -> chunk.state() == Chunk.State.TODO)
                    .toList();
            for (int from = 0; from < todo.size(); from += groupChunks) {
                groups.add(new Group(projection, todo.subList(from, Math.min(todo.size(), from + groupChunks))));
            }
        }
        return groups;
    }

    private void await(List<Future<?>> readers) throws InterruptedException {
        RuntimeException failure = null;
        for (Future<?> future : readers) {
            try {
                future.get();
            } catch (ExecutionException e) {
                stop();
                RuntimeException cause = e.getCause() instanceof RuntimeException runtime
                        ? runtime
                        : new CopyFailedException("A chunk could not be copied: " + e.getCause(), e.getCause());
                if (failure == null) {
                    failure = cause;
                } else {
                    failure.addSuppressed(cause);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void copy(Deque<Group> groups, int reader) throws InterruptedException, SQLException {
        long worked = 0;
        while (goesOn()) {
            rest(worked);
            Group group;
            boolean last;
            lock.lockInterruptibly();
            try {
                group = groups.poll();
                last = groups.isEmpty();
            } finally {
                lock.unlock();
            }
            if (group == null) {
                return;
            }
            long begun = System.nanoTime();
            copy(group, reader);
            worked = last ? 0 : System.nanoTime() - begun;
        }
    }

    /** Leaves the servers to others, in proportion to the work before; a new ratio takes effect at once. */
    private void rest(long worked) throws InterruptedException {
        long begun = System.nanoTime();
        lock.lockInterruptibly();
        try {
            long left = (long) (worked * throttle.niceRatio());
            while (left > 0 && !stopped) {
                long unused = stopping.awaitNanos(Math.min(left, LOOK_AGAIN_NANOS));
                left = (long) (worked * throttle.niceRatio()) - (System.nanoTime() - begun);
            }
        } finally {
            lock.unlock();
        }
    }

    private void copy(Group group, int readerNumber) throws InterruptedException, SQLException {
        Projection projection = group.projection();
        String table = projection.table().name();
        progress.started(table, System.nanoTime());
        Map<ApplyWorker, Window> windows = new LinkedHashMap<>();
        try {
            for (ApplyWorker applier : appliers) {
                windows.put(applier, applier.openWindow(table));
            }
            Map<Integer, Long> rowsOfChunk = new LinkedHashMap<>();
            Held held = new Held();
            for (Chunk chunk : group.chunks()) {
                if (!goesOn()) {
                    return;
                }
                rowsOfChunk.put(chunk.number(), read(projection, chunk, held, windows, readerNumber));
            }
            failpoints.hit(Failpoint.COPY_CHUNK_READ);
            write(held, windows, readerNumber);
            failpoints.hit(Failpoint.COPY_CHUNK_WRITTEN);
            rowsOfChunk.forEach((chunk, rows) -> {
                control.chunkDone(table, chunk, rows);
                progress.done(table, rows);
            });
        } finally {
            windows.forEach(ApplyWorker::close);
        }
    }

    /** Rows that were read and are not written yet. */
    private final class Held {
        private final List<List<ProjectedRow>> byShard = new ArrayList<>();
        private long heapBytes;

        Held() {
            clear();
        }

        private void clear() {
            byShard.clear();
            appliers.forEach(applier -> byShard.add(new ArrayList<>()));
            heapBytes = 0;
        }

        private void add(ProjectedRow row) {
            // A row without a route is noted in shard-0.
            int shard = row.slot() < 0 ? 0 : topology.plan().layout().databaseOf(row.slot());
            byShard.get(shard).add(row);
            heapBytes += row.heapBytes();
        }
    }

    // Large rows are written while their chunk is still being read: the window is open, so what was read is as good as
    // before.
    private long read(Projection projection, Chunk chunk, Held held, Map<ApplyWorker, Window> windows, int readerNumber)
            throws SQLException {
        long[] rows = {0};
        try (Connection source = topology.database(DatabaseId.OLD).getConnection()) {
            reader.eachOfRange(source, projection, projection.table().fromTable(), chunk.keys(), row -> {
                held.add(row);
                rows[0]++;
                if (held.heapBytes >= heapShare) {
                    write(held, windows, readerNumber);
                }
            });
        }
        return rows[0];
    }

    private void write(Held held, Map<ApplyWorker, Window> windows, int readerNumber) {
        for (int i = 0; i < appliers.size(); i++) {
            // Each reader begins with another shard, so that they do not queue for the same turn.
            int shard = (i + readerNumber) % appliers.size();
            ApplyWorker applier = appliers.get(shard);
            applier.write(Objects.requireNonNull(windows.get(applier)), held.byShard.get(shard));
        }
        held.clear();
    }

    /** Waits while the throttle says so; false when the copy was stopped. */
    private boolean goesOn() throws InterruptedException {
        Optional<String> reason = throttle.reason();
        while (!stopped && reason.isPresent()) {
            progress.paused(reason.get());
            lock.lockInterruptibly();
            try {
                if (!stopped && !stopping.await(200, TimeUnit.MILLISECONDS)) {
                    reason = throttle.reason();
                }
            } finally {
                lock.unlock();
            }
        }
        progress.paused(null);
        return !stopped;
    }

    /** Ends the copy after the chunks in hand. */
    public void stop() {
        stopped = true;
        lock.lock();
        try {
            stopping.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** How far each table is. */
    public List<Progress> progress() {
        return progress.now(System.nanoTime());
    }
}
