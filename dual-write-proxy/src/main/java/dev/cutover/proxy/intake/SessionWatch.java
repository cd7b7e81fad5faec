package dev.cutover.proxy.intake;

import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Topology;
import dev.cutover.core.topology.UnreachableException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends what a session does for a caller who waits no longer, as a statement behind a lock does for as long as the lock is held.
 *
 * <p>Idea: one timer for a unit, not one for a statement. When it rings, the unit's guard lets nothing more through, and the server is told
 * to end the statement that runs. A watch ends before its unit commits, and waits for a kill that is on its way, so a kill never meets a
 * COMMIT, nor whoever has the session next; on a session that rests the server ignores it.
 *
 * <p>Safe for many threads; one a proxy.
 */
public final class SessionWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SessionWatch.class);
    private static final Watched NOTHING = () -> {};

    private final Topology topology;
    private final ScheduledThreadPoolExecutor timer;

    public SessionWatch(Topology topology, String instanceId) {
        this.topology = topology;
        this.timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "cutover-patience-" + instanceId);
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
    }

    /** Closed by the thread of the unit or read, before it commits or gives the session back. */
    @FunctionalInterface
    public interface Watched extends AutoCloseable {
        @Override
        void close();
    }

    /** Watches the session until the watch is closed. */
    public Watched over(DatabaseId database, Connection session, UnitGuard guard, Optional<Duration> left)
            throws SQLException {
        if (left.isEmpty()) {
            return NOTHING;
        }
        long id = session.unwrap(com.mysql.cj.MysqlConnection.class).getId();
        Deed deed = new Deed(database, id, guard, left.get());
        Future<?> ringing = timer.schedule(deed::ring, Math.max(0, left.get().toNanos()), TimeUnit.NANOSECONDS);
        return () -> {
            ringing.cancel(false);
            deed.end();
        };
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    private final class Deed {
        private final DatabaseId database;
        private final long session;
        private final UnitGuard guard;
        private final Duration patience;
        private final Lock lock = new ReentrantLock();
        private boolean over;

        Deed(DatabaseId database, long session, UnitGuard guard, Duration patience) {
            this.database = database;
            this.session = session;
            this.guard = guard;
            this.patience = patience;
        }

        void ring() {
            lock.lock();
            try {
                if (over) {
                    return;
                }
                guard.tooLate(new SQLTimeoutException(
                        "its caller waited " + patience.toMillis() + " ms for " + database + " and waits no longer"));
                kill();
            } finally {
                lock.unlock();
            }
        }

        void end() {
            lock.lock();
            over = true;
            lock.unlock();
        }

        private void kill() {
            // Not from the pool: those who wait behind a lock may hold all its sessions.
            try (Connection other = topology.pinned(database);
                    Statement statement = other.createStatement()) {
                statement.execute("KILL QUERY " + session);
            } catch (SQLException | UnreachableException e) {
                LOG.warn(
                        "A statement on {} that nobody waits for could not be ended; its answer is dropped when it comes: {}",
                        database,
                        e.toString());
            }
        }
    }
}
