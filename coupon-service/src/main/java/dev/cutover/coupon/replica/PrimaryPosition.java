package dev.cutover.coupon.replica;

import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How far a server has written, asked once for all who want to know at the same time.
 *
 * <p>Idea: the read index of Raft (Ongaro, "Consensus: Bridging Theory and Practice", section 6.4). Invariant: what is told was asked
 * after the caller came, so it has every write that anybody was answered before. Safe for many threads.
 */
final class PrimaryPosition {
    private static final Duration PATIENCE = Duration.ofMillis(250);

    private final Asking server;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition told = lock.newCondition();
    private long begun;
    private long ended;
    private boolean asking;
    private String latest = "";

    /** Asks the server for its {@code gtid_executed}. */
    @FunctionalInterface
    interface Asking {
        String ask() throws SQLException;
    }

    PrimaryPosition(Asking server) {
        this.server = server;
    }

    /** @throws SQLException when the server does not say so in time */
    String now() throws SQLException {
        lock.lock();
        try {
            // One that is under way may have been answered before the write that our caller knows of.
            long enough = begun + 1;
            long nanos = PATIENCE.toNanos();
            while (ended < enough) {
                if (!asking) {
                    ask();
                } else if (nanos > 0) {
                    nanos = told.awaitNanos(nanos);
                } else {
                    throw new SQLTimeoutException("The position was not told within " + PATIENCE.toMillis() + " ms.");
                }
            }
            return latest;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLException("Interrupted while waiting for the position.", e);
        } finally {
            lock.unlock();
        }
    }

    private void ask() throws SQLException {
        asking = true;
        begun++;
        long turn = begun;
        lock.unlock();
        boolean answered = false;
        String position = "";
        try {
            position = server.ask();
            answered = true;
        } finally {
            lock.lock();
            asking = false;
            if (answered) {
                latest = position;
                ended = turn;
            }
            told.signalAll();
        }
    }
}
