package dev.cutover.coupon.replica;

import dev.cutover.core.position.GtidSet;
import java.util.ArrayDeque;
import java.util.Deque;

/** How far behind a server is, by positions and the moments they were seen at; no clock of a server is asked. Owned by one thread. */
final class Lag {
    // Two minutes of probes; further behind than that is told as that.
    private static final int MOST = 600;

    private record Seen(long at, GtidSet position) {}

    private final Deque<Seen> ahead = new ArrayDeque<>();

    /**
     * @param at when the primary was at {@code primary}, in nanoseconds of one clock
     * @return nanoseconds since the replica had all that the primary had
     */
    long note(long at, GtidSet primary, GtidSet replica) {
        ahead.addLast(new Seen(at, primary));
        while (!ahead.isEmpty() && replica.contains(ahead.getFirst().position())) {
            ahead.removeFirst();
        }
        if (ahead.size() > MOST) {
            // The oldest is what the lag is counted from.
            ahead.removeLast();
        }
        return ahead.isEmpty() ? 0 : at - ahead.getFirst().at();
    }
}
