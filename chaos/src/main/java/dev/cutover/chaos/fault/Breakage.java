package dev.cutover.chaos.fault;

import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/** One way to break something and to mend it again. */
interface Breakage {
    /** How the history calls it. */
    String kind();

    /**
     * Breaks something.
     *
     * @return what it did, and how to end it
     */
    Broken begin(SplittableRandom random);

    /**
     * Something that is broken.
     *
     * @param millis how long to leave it so
     * @param mend makes it whole again and tells whether anybody was hit; called once
     */
    record Broken(String detail, long millis, BooleanSupplier mend) {}
}
