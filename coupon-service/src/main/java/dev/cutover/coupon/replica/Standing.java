package dev.cutover.coupon.replica;

/** Whether a replica is read from: not any more at the first failure of anybody, and again when it was found well several times in a row. Safe for many threads. */
final class Standing {
    private static final int GOOD_PROBES = 3;

    private volatile boolean serving;
    private int good;

    boolean serving() {
        return serving;
    }

    /** A probe found it well; whether that has it read from again. */
    synchronized boolean well() {
        good++;
        boolean back = !serving && good >= GOOD_PROBES;
        serving |= back;
        return back;
    }

    /** It failed a reader or a probe; whether it was read from until now. */
    synchronized boolean failed() {
        good = 0;
        boolean was = serving;
        serving = false;
        return was;
    }
}
