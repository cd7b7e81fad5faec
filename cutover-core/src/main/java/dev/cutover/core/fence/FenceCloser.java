package dev.cutover.core.fence;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes the fence of one database that holds the truth. Used by one thread at a time; the timer thread of an attempt has ended when the attempt
 * returns.
 *
 * <p>Its two sessions are opened when it is made: to open them in the pause of a switch would lengthen it. Asks for the table lock, not the
 * row lock: an X lock on the row starves behind many FOR SHARE readers on older servers. New writers queue behind the request, so it is taken
 * back after the lock wait. No later step relies on the lock: it is gone, and the row is committed, when an attempt returns.
 *
 * <p><b>Idea.</b> Lock, update and unlock travel in one packet, so that no network pause can fall between them; the session's number is
 * known before, so that the wait can be ended from another session whatever becomes of this one.
 *
 * <p><b>Invariant.</b> When an attempt returns, no session of it holds or awaits a lock, and the outcome is what the fence
 * row says, read after that; never what a broken connection was last heard to do.
 *
 * <p><b>What breaks without it.</b> A request that waits without end stops every new writer behind the oldest transaction of the
 * application. A request whose client has gone may still be granted minutes later.
 */
public final class FenceCloser implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FenceCloser.class);
    private static final int INTERRUPTED = 1317;
    private static final int LOCK_WAIT_TIMEOUT = 1205;
    private static final int NO_SUCH_THREAD = 1094;

    // lock_wait_timeout ends the wait also where the timer's session has died.
    private static final String LOCK =
            "SET SESSION wait_timeout = 5, lock_wait_timeout = 5;" + "LOCK TABLES cutover_fence WRITE;";

    private static final String PACKET = LOCK
            + "UPDATE cutover_fence SET role = 'closing', epoch = ?, updated_by = ?"
            + " WHERE id = 1 AND epoch < ? AND server_uuid = @@server_uuid;"
            + "UNLOCK TABLES";

    private static final String BLOCKERS =
            "SELECT COALESCE(t.PROCESSLIST_ID, 0), COALESCE(t.PROCESSLIST_USER, ''), COALESCE(t.PROCESSLIST_HOST, ''),"
                    + " COALESCE(t.PROCESSLIST_COMMAND, ''), MAX(COALESCE(x.TIMER_WAIT, 0)) DIV 1000000000 AS age,"
                    + " MAX(LEFT(s.DIGEST_TEXT, 200))"
                    + " FROM performance_schema.metadata_locks m"
                    + " LEFT JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID"
                    + " LEFT JOIN performance_schema.events_transactions_current x"
                    + " ON x.THREAD_ID = m.OWNER_THREAD_ID AND x.STATE = 'ACTIVE'"
                    + " LEFT JOIN performance_schema.events_statements_current s"
                    + " ON s.THREAD_ID = m.OWNER_THREAD_ID AND s.NESTING_EVENT_LEVEL = 0"
                    + " WHERE m.OBJECT_TYPE = 'TABLE' AND m.OBJECT_SCHEMA = DATABASE() AND m.OBJECT_NAME = 'cutover_fence'"
                    + " AND m.LOCK_STATUS = 'GRANTED'"
                    + " AND COALESCE(t.PROCESSLIST_ID, 0) NOT IN (?, CONNECTION_ID())"
                    + " GROUP BY 1, 2, 3, 4 ORDER BY age DESC LIMIT 20";

    // The sessions end by themselves 5 s after their last request.
    private static final Duration FRESH = Duration.ofSeconds(3);

    private final Opening opening;
    private final DatabaseId database;
    private final Duration lockWait;
    private final String by;
    private @Nullable Sessions sessions;

    /** Opens a dedicated session on the database; one call of it may carry several statements. */
    @FunctionalInterface
    interface Opening {
        Connection open() throws SQLException;
    }

    /** Two sessions of this database, one to ask for the lock and one to take the request back. */
    private static final class Sessions {
        final Connection watching;
        final Connection closing;
        final long closingId;
        long usedAt = System.nanoTime();

        Sessions(Opening opening) throws SQLException {
            this.watching = opening.open();
            try {
                this.closing = opening.open();
                this.closingId = connectionId(closing);
            } catch (SQLException | RuntimeException e) {
                watching.close();
                throw e;
            }
        }

        void close() {
            // Without asking anybody: what they held or awaited has ended, or was killed.
            for (Connection session : List.of(watching, closing)) {
                try {
                    session.close();
                } catch (SQLException e) {
                    LOG.debug("A session of a close was gone already", e);
                }
            }
        }
    }

    /**
     * Opens the sessions.
     *
     * @param lockWait how long writers may be held up by one attempt that does not get the lock
     * @param by named in the fence
     * @throws FenceCloseFailedException when the database does not answer
     */
    public static FenceCloser open(Topology topology, DatabaseId database, Duration lockWait, String by) {
        return new FenceCloser(database, lockWait, by, () -> topology.pinnedMulti(database));
    }

    FenceCloser(DatabaseId database, Duration lockWait, String by, Opening opening) {
        this.opening = opening;
        this.database = database;
        this.lockWait = lockWait;
        this.by = Fence.shortened(by);
        try {
            this.sessions = new Sessions(opening);
        } catch (SQLException e) {
            throw new FenceCloseFailedException(
                    "Could not reach " + database + " to close its fence: " + e.getMessage() + ". Nothing was changed.",
                    e);
        }
    }

    public DatabaseId database() {
        return database;
    }

    /**
     * Asks for the lock that {@link #close(Epoch)} needs and gives it back at once; nothing is moved.
     *
     * <p>For before a switch is claimed: who holds the fence for long would hold up the abort of that switch as well, and the abort holds
     * every writer up with it.
     *
     * @return who is in the way; empty when nobody is
     */
    public Optional<CloseOutcome> rehearse() {
        try {
            Sessions now = fresh();
            Try tried = lock(now, () -> send(now.closing, LOCK + "UNLOCK TABLES"));
            SQLException failure = tried.failure();
            if (failure == null) {
                return Optional.empty();
            }
            if (!tried.blocked()) {
                throw failure;
            }
            return Optional.of(blocked(tried, Fence.read(now.watching)));
        } catch (SQLException e) {
            throw new FenceCloseFailedException(
                    "Could not find out whether the fence of " + database + " can be closed: " + e.getMessage()
                            + ". Nothing was changed.",
                    e);
        }
    }

    /** Tries once to close the fence: {@code (closing, epoch)}. */
    public CloseOutcome close(Epoch epoch) {
        try {
            return attempt(fresh(), epoch);
        } catch (SQLException e) {
            throw new FenceCloseFailedException(
                    "Could not close the fence of " + database + " in epoch " + epoch + ": " + e.getMessage()
                            + ". It is not known to be closed; read it again before anything else is done.",
                    e);
        }
    }

    @Override
    public void close() {
        Sessions now = sessions;
        sessions = null;
        if (now != null) {
            now.close();
        }
    }

    private Sessions fresh() throws SQLException {
        Sessions now = sessions;
        if (now == null || System.nanoTime() - now.usedAt > FRESH.toNanos()) {
            close();
            now = new Sessions(opening);
            sessions = now;
        }
        now.usedAt = System.nanoTime();
        return now;
    }

    private CloseOutcome attempt(Sessions now, Epoch epoch) throws SQLException {
        Try tried = lock(now, () -> send(now.closing, PACKET, epoch.number(), by, epoch.number()));
        SQLException failure = tried.failure();
        // A locking read: it waits for a commit that is under way and sees its result.
        FenceState fence = Fence.readShared(now.watching);
        if (fence.role() == Role.CLOSING && fence.epoch().equals(epoch)) {
            return new CloseOutcome(database, CloseOutcome.Kind.CLOSED, fence, List.of(), null, tried.took());
        }
        if (failure == null || fence.epoch().compareTo(epoch) >= 0) {
            return new CloseOutcome(database, CloseOutcome.Kind.SUPERSEDED, fence, List.of(), null, tried.took());
        }
        if (tried.blocked()) {
            return blocked(tried, fence);
        }
        throw failure;
    }

    /** What became of one request for the lock; no failure when it was granted. */
    private record Try(@Nullable SQLException failure, Timer timer, Duration took) {
        boolean blocked() {
            return failure != null
                    && (timer.killed()
                            || failure.getErrorCode() == INTERRUPTED
                            || failure.getErrorCode() == LOCK_WAIT_TIMEOUT);
        }
    }

    private CloseOutcome blocked(Try tried, FenceState fence) {
        return new CloseOutcome(
                database,
                CloseOutcome.Kind.BLOCKED,
                fence,
                tried.timer().blockers(),
                tried.timer().blockersUnknown(),
                tried.took());
    }

    private interface Packet {
        void send() throws SQLException;
    }

    private Try lock(Sessions now, Packet packet) throws SQLException {
        Timer timer = new Timer(now.watching, now.closingId);
        long begun = System.nanoTime();
        @Nullable SQLException failure = null;
        timer.start();
        try {
            packet.send();
        } catch (SQLException e) {
            failure = e;
        } finally {
            timer.stop();
        }
        if (failure != null) {
            // Whatever the session still does or holds on the server ends here; the next attempt has another.
            kill(now.watching, "KILL " + now.closingId);
            now.usedAt = System.nanoTime() - FRESH.toNanos() - 1;
        }
        return new Try(failure, timer, Duration.ofNanos(System.nanoTime() - begun));
    }

    private static void send(Connection closing, String sql, Object... parameters) throws SQLException {
        closing.setAutoCommit(true);
        try (PreparedStatement packet = closing.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                packet.setObject(i + 1, parameters[i]);
            }
            packet.execute();
            // An error of a later statement shows only when its result is asked for.
            while (packet.getMoreResults() || packet.getUpdateCount() != -1) {
                continue;
            }
        }
    }

    private static long connectionId(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT CONNECTION_ID()")) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void kill(Connection watching, String kill) throws SQLException {
        try (Statement statement = watching.createStatement()) {
            statement.execute(kill);
        } catch (SQLException e) {
            if (e.getErrorCode() != NO_SUCH_THREAD) {
                throw e;
            }
        }
    }

    /** Ends the wait from another session when it has lasted long enough, then asks who was in the way. */
    private final class Timer {
        private final Connection watching;
        private final long connectionId;
        private final CountDownLatch answered = new CountDownLatch(1);
        private final Thread thread;

        // Written by the timer's thread, read after it has ended.
        private volatile boolean killed;
        private volatile List<Blocker> blockers = List.of();
        private volatile @Nullable SQLException failure;

        Timer(Connection watching, long connectionId) {
            this.watching = watching;
            this.connectionId = connectionId;
            this.thread = new Thread(this::run, "fence-close-timer-" + database);
            thread.setDaemon(true);
        }

        void start() {
            thread.start();
        }

        void stop() {
            answered.countDown();
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        boolean killed() {
            return killed;
        }

        List<Blocker> blockers() {
            return blockers;
        }

        @Nullable
        String blockersUnknown() {
            SQLException e = failure;
            return e == null ? null : e.getMessage();
        }

        private void run() {
            try {
                if (answered.await(lockWait.toNanos(), TimeUnit.NANOSECONDS)) {
                    return;
                }
                killed = true;
                kill(watching, "KILL QUERY " + connectionId);
                // After the kill: the application waits no longer, and whoever was in the way for long still is.
                blockers = readBlockers();
            } catch (SQLException e) {
                failure = e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private List<Blocker> readBlockers() throws SQLException {
            List<Blocker> found = new ArrayList<>();
            try (PreparedStatement select = watching.prepareStatement(BLOCKERS)) {
                select.setLong(1, connectionId);
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        found.add(new Blocker(
                                row.getLong(1),
                                Fence.text(row, 2),
                                Fence.text(row, 3),
                                Fence.text(row, 4),
                                Duration.ofMillis(row.getLong(5)),
                                row.getString(6)));
                    }
                }
            }
            return found;
        }
    }
}
