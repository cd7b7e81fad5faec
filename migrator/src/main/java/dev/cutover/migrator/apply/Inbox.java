package dev.cutover.migrator.apply;

import dev.cutover.migrator.stream.ChangedKey;
import dev.cutover.migrator.stream.SourceTransaction;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Transactions that wait for one worker; bounded, so that a slow target holds the stream back. Safe for many threads. */
final class Inbox {
    private static final int MAX_KEYS = 20_000;
    private static final int MAX_TRANSACTIONS = 50_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition filled = lock.newCondition();
    private final Condition emptied = lock.newCondition();
    private final Deque<Letter> letters = new ArrayDeque<>();
    private int keys;
    private boolean urgent;
    private boolean closed;

    private record Letter(SourceTransaction transaction, List<ChangedKey> mine) {}

    /** Waits while there is no room; does nothing once closed. */
    void put(SourceTransaction transaction, List<ChangedKey> mine) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed && (keys >= MAX_KEYS || letters.size() >= MAX_TRANSACTIONS)) {
                emptied.await();
            }
            if (!closed) {
                letters.add(new Letter(transaction, mine));
                keys += mine.size();
                urgent |= transaction.markers().stream().anyMatch(marker -> !Beats.isBeat(marker));
                filled.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Lets transactions gather until they have so many keys, at most this long; a marker that somebody waits for ends it at once. */
    void gather(int enoughKeys, long atMostNanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = atMostNanos;
            while (!closed && !urgent && keys < enoughKeys && left > 0) {
                left = filled.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Moves transactions into the batch until it has about this many keys; waits at most this long for the first one. */
    void drain(Batch batch, int maxKeys, long waitNanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = waitNanos;
            while (letters.isEmpty() && !closed && left > 0) {
                left = filled.awaitNanos(left);
            }
            while (!letters.isEmpty() && batch.keys() < maxKeys) {
                Letter letter = letters.remove();
                keys -= letter.mine().size();
                batch.add(letter.transaction(), letter.mine());
            }
            urgent &= !letters.isEmpty();
            emptied.signalAll();
        } finally {
            lock.unlock();
        }
    }

    int waiting() {
        lock.lock();
        try {
            return letters.size();
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            letters.clear();
            filled.signalAll();
            emptied.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits this long, or until closed. */
    void pause(long duration, TimeUnit unit) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = unit.toNanos(duration);
            while (!closed && left > 0) {
                left = emptied.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }
}
