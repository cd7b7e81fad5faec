package dev.cutover.cli.step;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits for something another process does. */
public final class Waiting {
    private Waiting() {}

    /** A condition that may need a database. */
    public interface Condition<X extends Exception> {
        boolean met() throws X;
    }

    /** Asks again every {@code pause} until the condition is met or the bound has passed; an interrupt ends the wait. */
    public static <X extends Exception> boolean until(Duration bound, Duration pause, Condition<X> condition) throws X {
        long end = System.nanoTime() + bound.toNanos();
        while (true) {
            if (condition.met()) {
                return true;
            }
            if (System.nanoTime() - end >= 0 || !pause(pause)) {
                return false;
            }
        }
    }

    /** Lets time pass; false when the thread was interrupted meanwhile. */
    public static boolean pause(Duration pause) {
        try {
            // Nobody counts it down: a bounded wait that an interrupt can end.
            return !new CountDownLatch(1).await(pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
