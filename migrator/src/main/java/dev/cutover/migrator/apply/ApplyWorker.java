package dev.cutover.migrator.apply;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.position.GtidSet;
import dev.cutover.core.row.ProjectedRow;
import dev.cutover.core.row.Projection;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.ServerAddress;
import dev.cutover.core.topology.Topology;
import dev.cutover.migrator.stream.ChangedKey;
import dev.cutover.migrator.stream.SeenMarker;
import dev.cutover.migrator.stream.SourceTransaction;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies one stream to one target database, batch by batch, and writes copied chunks between two batches.
 *
 * <p>It fails as a whole: whatever it does not understand ends it, is told to its owner, and a new one begins at the position. Safe for many
 * threads; batches and chunks take turns.
 */
public final class ApplyWorker implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ApplyWorker.class);
    private static final int BATCH_KEYS = 1000;
    // A copied slice is one transaction, and until it commits the stream and the mirrors of its database wait.
    private static final int SLICE_ROWS = 1000;
    private static final long SLICE_BYTES = 8 << 20;
    private static final long FLUSH_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    // A batch costs a dozen statements however small it is. After a quiet moment a change is applied at once; under
    // load
    // changes gather this long, unless somebody waits for a marker.
    private static final long GATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final String stream;
    private final DatabaseId database;
    private final Traffic traffic;
    private final GuardedTarget target;
    private final SourceSnapshot source;
    private final BatchWriter writer;
    private final Failpoints failpoints;
    private final Inbox inbox = new Inbox();
    // Fair: a copy must not starve the stream, nor the stream a copy.
    private final ReentrantLock turn = new ReentrantLock(true);
    private final List<Window> windows = new ArrayList<>();
    private final AtomicLong rowsApplied = new AtomicLong();
    private final AtomicLong appliedBeat = new AtomicLong(-1);

    private volatile GtidSet position;
    private volatile boolean closed;
    private volatile boolean settling;
    private volatile AppliedKeys hearer = AppliedKeys.UNHEARD;
    private final CountDownLatch settled = new CountDownLatch(1);
    private @Nullable Thread thread;
    private long firstBeat = Long.MIN_VALUE;

    // Owned by the worker's thread.
    private @Nullable SourceTransaction unsaved;
    private long beat = -1;
    private boolean urgent;
    private long savedAt = System.nanoTime();
    private long batchAt = System.nanoTime() - GATHER_NANOS;

    private ApplyWorker(
            String stream,
            DatabaseId database,
            Traffic traffic,
            GuardedTarget target,
            SourceSnapshot source,
            Failpoints failpoints) {
        this.stream = stream;
        this.database = database;
        this.traffic = traffic;
        this.target = target;
        this.source = source;
        this.failpoints = failpoints;
        this.writer = new BatchWriter(traffic, source, target, failpoints);
        this.position = target.position();
    }

    /**
     * Opens the worker of one shard database for the stream out of OLD: connects, and takes the position over.
     *
     * @param shard the number of the database
     * @param projections forward, by table
     */
    public static ApplyWorker forward(
            Topology topology, int shard, Map<String, Projection> projections, Epoch epoch, Failpoints failpoints) {
        return open(
                topology,
                "old",
                List.of(DatabaseId.OLD),
                DatabaseId.shard(shard),
                new ForwardTraffic(topology.plan(), projections, shard),
                epoch,
                failpoints);
    }

    /**
     * Opens the worker on OLD for the stream out of one server of NEW.
     *
     * @param projections backward, by table
     */
    public static ApplyWorker reverse(
            Topology topology,
            ServerAddress server,
            Map<String, Projection> projections,
            Epoch epoch,
            Failpoints failpoints) {
        return open(
                topology,
                server.stream(),
                server.databases(),
                DatabaseId.OLD,
                new ReverseTraffic(topology.plan(), projections),
                epoch,
                failpoints);
    }

    private static ApplyWorker open(
            Topology topology,
            String stream,
            List<DatabaseId> sources,
            DatabaseId target,
            Traffic traffic,
            Epoch epoch,
            Failpoints failpoints) {
        List<Connection> opened = new ArrayList<>();
        try {
            Start start = start(topology, sources, epoch);
            Connection from = topology.pinned(sources.get(0));
            opened.add(from);
            Connection to = topology.pinned(target);
            opened.add(to);
            return new ApplyWorker(
                    stream,
                    target,
                    traffic,
                    GuardedTarget.open(to, stream, epoch, start.set(), start.epoch()),
                    SourceSnapshot.open(from),
                    failpoints);
        } catch (SQLException | RuntimeException e) {
            for (Connection connection : opened) {
                try {
                    connection.close();
                } catch (SQLException closing) {
                    e.addSuppressed(closing);
                }
            }
            if (e instanceof RuntimeException failure) {
                throw failure;
            }
            throw new ApplyFailedException(
                    "The applier of stream '" + stream + "' could not open " + target + ": " + e.getMessage(), e);
        }
    }

    /** Where a stream begins, and since which epoch. */
    private record Start(GtidSet set, Epoch epoch) {}

    /** The latest start that was recorded on the sources up to this epoch; over several databases of a server the earliest point. */
    private static Start start(Topology topology, List<DatabaseId> sources, Epoch epoch) throws SQLException {
        @Nullable Start start = null;
        for (DatabaseId source : sources) {
            if (source.equals(DatabaseId.META) && sources.size() > 1) {
                continue;
            }
            try (Connection connection = topology.database(source).getConnection()) {
                Epoch recorded = latestStart(connection, source, epoch);
                GtidSet set = Fence.start(connection, recorded).orElse(GtidSet.EMPTY);
                start = start == null
                        ? new Start(set, recorded)
                        : new Start(
                                start.set().intersect(set),
                                recorded.compareTo(start.epoch()) < 0 ? recorded : start.epoch());
            }
        }
        if (start == null) {
            throw new ApplyFailedException("A stream needs at least one source database.", null);
        }
        return start;
    }

    private static Epoch latestStart(Connection connection, DatabaseId source, Epoch epoch) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT MAX(epoch) FROM cutover_start WHERE epoch <= ?")) {
            select.setLong(1, epoch.number());
            try (ResultSet row = select.executeQuery()) {
                long found = row.next() ? row.getLong(1) : 0;
                if (row.wasNull()) {
                    throw new ApplyFailedException(
                            "Database " + source + " has no start of a stream in epoch " + epoch
                                    + " or before. 'cutover dual-write on' records the first one, a switch every further one.",
                            null);
                }
                return new Epoch(found);
            }
        }
    }

    /**
     * Starts applying what is offered; {@code failed} hears once why it ended, unless it was closed.
     *
     * @param caughtUp the number of the beat behind what was missed; up to it nothing gathers
     */
    public void start(long caughtUp, Consumer<RuntimeException> failed) {
        firstBeat = caughtUp;
        Thread started = new Thread(() -> run(failed), "apply-" + stream + "-" + database);
        started.setDaemon(true);
        thread = started;
        started.start();
    }

    /** From now on it hears of every batch that is committed. */
    public void tell(AppliedKeys newHearer) {
        hearer = newHearer;
    }

    /** Hands transactions over in commit order; waits while the worker has enough to do. */
    public void offer(List<SourceTransaction> transactions) throws InterruptedException {
        for (SourceTransaction transaction : transactions) {
            List<ChangedKey> mine = new ArrayList<>();
            for (ChangedKey key : transaction.keys()) {
                if (traffic.concerns(key.slot())) {
                    mine.add(key);
                }
            }
            inbox.put(transaction, mine);
        }
    }

    private void run(Consumer<RuntimeException> failed) {
        try {
            while (!closed) {
                boolean last = settling;
                if (!last && appliedBeat.get() >= firstBeat) {
                    inbox.gather(BATCH_KEYS, batchAt + GATHER_NANOS - System.nanoTime());
                }
                Batch batch = new Batch();
                inbox.drain(batch, BATCH_KEYS, last ? 0 : untilFlush());
                look(batch);
                turn.lockInterruptibly();
                try {
                    write(batch);
                } finally {
                    turn.unlock();
                }
                if (last && inbox.waiting() == 0) {
                    settled.countDown();
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException e) {
            tell(
                    failed,
                    new ApplyFailedException(
                            "Stream '" + stream + "' could not be applied to " + database + ": " + e.getMessage()
                                    + " (error " + e.getErrorCode() + ").",
                            e));
        } catch (RuntimeException e) {
            tell(failed, e);
        }
    }

    private void tell(Consumer<RuntimeException> failed, RuntimeException reason) {
        if (!closed) {
            failed.accept(reason);
        }
    }

    private long untilFlush() {
        return unsaved == null ? FLUSH_NANOS : Math.max(0, savedAt + FLUSH_NANOS - System.nanoTime());
    }

    private void look(Batch batch) {
        SourceTransaction last = batch.last();
        if (last != null) {
            unsaved = last;
        }
        for (SeenMarker marker : batch.markers()) {
            if (Beats.isBeat(marker)) {
                beat = Beats.number(marker);
                urgent |= appliedBeat.get() < firstBeat && beat >= firstBeat;
            } else {
                urgent = true;
            }
        }
    }

    private void write(Batch batch) throws SQLException {
        SourceTransaction last = unsaved;
        if (last == null) {
            return;
        }
        if (batch.keys() > 0) {
            batchAt = System.nanoTime();
            writer.apply(batch, position.union(last.position()), this::note);
            rowsApplied.addAndGet(batch.keys());
            hearer.applied(database, batch.dirty());
        } else if (urgent || settling || System.nanoTime() - savedAt >= FLUSH_NANOS) {
            target.write(position.union(last.position()), connection -> {});
        } else {
            return;
        }
        position = target.position();
        appliedBeat.set(beat);
        unsaved = null;
        urgent = false;
        savedAt = System.nanoTime();
    }

    private void note(Map<String, Map<RowKey, Set<Integer>>> dirty) {
        if (failpoints.planted("window.notesNothing")) {
            return;
        }
        for (Window window : windows) {
            Map<RowKey, Set<Integer>> keys = dirty.get(window.table());
            if (keys != null) {
                window.note(keys.keySet());
            }
        }
    }

    /** From now on the keys of this table that the stream writes are noted. */
    public Window openWindow(String table) {
        turn.lock();
        try {
            Window window = new Window(table);
            windows.add(window);
            return window;
        } finally {
            turn.unlock();
        }
    }

    /**
     * Writes the rows of chunks read since the window was opened that route here and are not noted. Slice by slice: between two of them the
     * stream has its turn, and what it writes then is noted for the slices to come.
     *
     * @return rows written
     */
    public long write(Window window, List<ProjectedRow> rows) {
        // Rows of one physical table lie together, so that a slice is few statements of many rows.
        List<ProjectedRow> ordered = new ArrayList<>(rows);
        ordered.sort(Comparator.comparingInt(ProjectedRow::slot));
        long written = 0;
        int from = 0;
        while (from < ordered.size()) {
            int to = from;
            long bytes = 0;
            while (to < ordered.size() && to - from < SLICE_ROWS && bytes < SLICE_BYTES) {
                bytes += ordered.get(to++).heapBytes();
            }
            written += writeSlice(window, ordered.subList(from, to));
            from = to;
        }
        return written;
    }

    private long writeSlice(Window window, List<ProjectedRow> rows) {
        turn.lock();
        try {
            long written = writer.write(window, traffic.projection(window.table()), rows, this::note);
            rowsApplied.addAndGet(written);
            return written;
        } catch (SQLException e) {
            throw new ApplyFailedException(
                    "Chunks of " + window.table() + " could not be written to " + database + ": " + e.getMessage()
                            + " (error " + e.getErrorCode() + ").",
                    e);
        } finally {
            turn.unlock();
        }
    }

    /** Closes a window; what its chunks have not written stays unwritten. */
    public void close(Window window) {
        turn.lock();
        try {
            windows.remove(window);
        } finally {
            turn.unlock();
        }
    }

    /**
     * Applies what it was offered, commits its position, and ends; for a stream that will bring nothing more.
     *
     * @return whether that was done in time
     */
    public boolean settle(Duration time) throws InterruptedException {
        settling = true;
        return settled.await(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** What has been applied, committed. */
    public GtidSet position() {
        return position;
    }

    public DatabaseId database() {
        return database;
    }

    /** Rows written since it was opened, copied ones included. */
    public long rowsApplied() {
        return rowsApplied.get();
    }

    /** The last beat whose transaction is applied, -1 before the first. */
    public long appliedBeat() {
        return appliedBeat.get();
    }

    /** Transactions waiting. */
    public int waiting() {
        return inbox.waiting();
    }

    @Override
    public void close() {
        closed = true;
        inbox.close();
        Thread running = thread;
        try {
            if (running != null && running != Thread.currentThread()) {
                running.join(TimeUnit.SECONDS.toMillis(10));
            }
            target.close();
            source.close();
        } catch (SQLException e) {
            LOG.info("The applier of '{}' on {} closed its sessions late: {}", stream, database, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
