package dev.cutover.proxy;

import java.time.Duration;
import java.util.Optional;

/**
 * What the caller of a unit or a read allows it.
 *
 * @param budget how long it may wait for a fence, or for repetitions
 * @param listening how long somebody waits for its answer: the statement that runs when this has passed is ended, and the unit is rolled
 *     back; empty when its work is wanted whenever it comes
 */
public record Patience(Duration budget, Optional<Duration> listening) {
    /** A caller who wants the work done, however long its statements take. */
    public static Patience of(Duration budget) {
        return new Patience(budget, Optional.empty());
    }

    /** Nobody waits for a fence longer than for the answer. */
    public Patience {
        if (listening.isPresent() && listening.get().compareTo(budget) < 0) {
            budget = listening.get();
        }
    }
}
