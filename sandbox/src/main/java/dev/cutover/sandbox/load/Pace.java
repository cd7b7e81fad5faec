package dev.cutover.sandbox.load;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Waits of the load: until the next request is due, ended early by a stop, or before a retry. Safe for many threads. */
public final class Pace {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition stop = lock.newCondition();
    private final Condition never = lock.newCondition();
    private boolean stopped;

    /** Waits until {@link System#nanoTime} is {@code due}; false as soon as the load is to stop. */
    public boolean until(long due) throws InterruptedException {
        lock.lock();
        try {
            for (long left = due - System.nanoTime(); !stopped && left > 0; left = due - System.nanoTime()) {
                stop.awaitNanos(left);
            }
            return !stopped;
        } finally {
            lock.unlock();
        }
    }

    /** Waits, stop or not: a write that was begun is asked to its end. */
    public void backOff(Duration time) throws InterruptedException {
        lock.lock();
        try {
            for (long left = time.toNanos(); left > 0; ) {
                left = never.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    public void stop() {
        lock.lock();
        try {
            stopped = true;
            stop.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
