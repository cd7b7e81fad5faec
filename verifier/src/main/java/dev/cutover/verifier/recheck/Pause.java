package dev.cutover.verifier.recheck;

import dev.cutover.verifier.VerificationFailedException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A timed wait that an interrupt ends. Safe for many threads. */
public final class Pause {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition never = lock.newCondition();

    public void on(Duration duration) {
        lock.lock();
        try {
            long left = duration.toNanos();
            while (left > 0) {
                left = never.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VerificationFailedException(
                    "The verification was interrupted while it waited "
                            + TimeUnit.NANOSECONDS.toMillis(duration.toNanos()) + " ms; verify again.",
                    e);
        } finally {
            lock.unlock();
        }
    }
}
