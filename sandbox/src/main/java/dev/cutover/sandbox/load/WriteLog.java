package dev.cutover.sandbox.load;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** When each write began and ended, and what was acknowledged. Safe for many threads. */
final class WriteLog {
    private record Write(long began, long ended, boolean acknowledged) {}

    // One clock for all: the wall clock may step, so it is read once.
    private final Instant zero;
    private final LongSupplier ticker;
    private final long zeroTick;
    private final Object lock = new Object();
    private final List<Write> writes = new ArrayList<>();
    private final List<Acknowledged> acknowledged = new ArrayList<>();
    private final Map<Integer, Long> inFlight = new ConcurrentHashMap<>();

    WriteLog(InstantSource clock, LongSupplier ticker) {
        this.zero = clock.instant();
        this.ticker = ticker;
        this.zeroTick = ticker.getAsLong();
    }

    long begin(int client) {
        long began = now();
        inFlight.put(client, began);
        return began;
    }

    void acknowledge(int client, long began, Operation operation, long user, List<String> ids) {
        long ended = now();
        Acknowledged write = new Acknowledged(operation, user, ids, zero.plusNanos(ended));
        synchronized (lock) {
            writes.add(new Write(began, ended, true));
            acknowledged.add(write);
        }
        inFlight.remove(client);
    }

    /** Refused, or never answered. */
    void end(int client, long began) {
        synchronized (lock) {
            writes.add(new Write(began, now(), false));
        }
        inFlight.remove(client);
    }

    List<Acknowledged> acknowledged() {
        synchronized (lock) {
            return List.copyOf(acknowledged);
        }
    }

    long acknowledgements() {
        synchronized (lock) {
            return acknowledged.size();
        }
    }

    /** Ascending latencies of all writes that ended, in nanoseconds. */
    long[] latencies() {
        synchronized (lock) {
            long[] latencies = writes.stream()
                    .mapToLong(write -> write.ended - write.began)
                    .toArray();
            Arrays.sort(latencies);
            return latencies;
        }
    }

    /**
     * The longest time without an acknowledgement that touches the window, or the longest write that touches it, one still
     * under way included. Counted in full, also where it reaches beyond the window.
     */
    Duration longestPause(Instant from, Instant to) {
        long first = Duration.between(zero, from).toNanos();
        long last = Duration.between(zero, to).toNanos();
        List<Write> all;
        long now;
        synchronized (lock) {
            now = now();
            all = new ArrayList<>(writes);
        }
        inFlight.values().forEach(began -> all.add(new Write(began, now, false)));
        long longest = all.stream()
                .filter(write -> write.began <= last && write.ended >= first)
                .mapToLong(write -> write.ended - write.began)
                .max()
                .orElse(0);
        long before = 0;
        long[] moments = all.stream()
                .filter(Write::acknowledged)
                .mapToLong(Write::ended)
                .sorted()
                .toArray();
        for (long moment : moments) {
            if (before <= last && moment >= first) {
                longest = Math.max(longest, moment - before);
            }
            before = moment;
        }
        if (before <= last && now >= first) {
            // Nothing was acknowledged behind it; the load may have been stopped since, so no further than the window.
            longest = Math.max(longest, Math.min(now, last) - before);
        }
        return Duration.ofNanos(longest);
    }

    private long now() {
        return ticker.getAsLong() - zeroTick;
    }
}
