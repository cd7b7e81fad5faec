package dev.cutover.migrator.apply;

import dev.cutover.migrator.stream.SeenMarker;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Small markers the worker sends through its own stream, to know how far behind the targets are by one clock. Safe for many threads.
 *
 * <p>Timestamps in the binlog are another machine's; a beat is sent and seen applied here. No beat that comes back is the most honest sign of a
 * stream that has died.
 */
public final class Beats {
    private static final String PREFIX = "beat-";

    private final String stream;
    private final long first;
    private final ConcurrentSkipListMap<Long, Long> sentNanos = new ConcurrentSkipListMap<>();
    private long next;

    /**
     * Beats for one stream.
     *
     * @param firstNumber higher than any an earlier worker has sent; its wall clock in milliseconds will do
     */
    public Beats(String stream, long firstNumber) {
        this.stream = stream;
        this.first = firstNumber;
        this.next = firstNumber;
    }

    /** The name of its row in {@code cutover_marker}. */
    public String markerName() {
        return PREFIX + stream;
    }

    /** A new beat's nonce; it counts as sent from now on. */
    public synchronized String send(long nowNanos) {
        sentNanos.put(next, nowNanos);
        return Long.toString(next++);
    }

    /** How old the oldest beat is that is not applied everywhere; 0 when all are. */
    public long lagNanos(long appliedBeat, long nowNanos) {
        sentNanos.headMap(appliedBeat, true).clear();
        Map.Entry<Long, Long> oldest = sentNanos.firstEntry();
        return oldest == null ? 0 : Math.max(0, nowNanos - oldest.getValue());
    }

    /** Whether one of these beats is applied everywhere; before that the stream may not even have begun, however young the oldest beat is. */
    public boolean cameBack(long appliedBeat) {
        return appliedBeat >= first;
    }

    static boolean isBeat(SeenMarker marker) {
        return marker.name().startsWith(PREFIX);
    }

    /** Beats of an earlier worker read as old ones. */
    static long number(SeenMarker marker) {
        try {
            return Long.parseLong(marker.nonce());
        } catch (NumberFormatException notOurs) {
            return -1;
        }
    }
}
