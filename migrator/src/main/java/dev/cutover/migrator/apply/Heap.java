package dev.cutover.migrator.apply;

/** How much of the heap rows may take that wait to be written. */
public final class Heap {
    // Half of the heap for rows: a quarter for those a copy has read, a quarter for those a stream has; what else there
    // is has the other half.
    private static final int SHARE = 4;
    private static final long LEAST = 1 << 20;

    private Heap() {}

    /** The share of one of so many that hold rows at the same time, in bytes. */
    public static long share(int holders) {
        return Math.max(LEAST, Runtime.getRuntime().maxMemory() / SHARE / Math.max(1, holders));
    }
}
