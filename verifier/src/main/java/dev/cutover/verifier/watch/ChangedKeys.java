package dev.cutover.verifier.watch;

import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.DatabaseId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Keys the applier wrote, until they are compared again: each once, some seconds after its apply.
 *
 * <p>Bounded. From half full on a key is taken by chance, the less likely the fuller it is; what is not taken is counted. Whoever brings
 * keys never waits for whoever takes them. Safe for many threads.
 */
public final class ChangedKeys {
    private final int capacity;
    private final long delayNanos;
    private final LongSupplier ticker;

    private final ReentrantLock lock = new ReentrantLock();
    // In the order of their first apply.
    private final Map<Name, Entry> waiting = new LinkedHashMap<>();
    private final Map<DatabaseId, Long> passedOver = new HashMap<>();

    /**
     * Nothing yet.
     *
     * @param capacity keys that wait at the same time
     * @param delay from an apply to the check
     * @param ticker nanoseconds that only grow
     */
    public ChangedKeys(int capacity, Duration delay, LongSupplier ticker) {
        this.capacity = capacity;
        this.delayNanos = delay.toNanos();
        this.ticker = ticker;
    }

    private record Name(String table, RowKey key) {}

    private record Entry(DatabaseId database, long appliedAt, Set<Integer> slots) {}

    /**
     * A key to compare.
     *
     * @param database what it was written to
     * @param slots every slot the row is or was in
     */
    public record Changed(DatabaseId database, Set<Integer> slots) {}

    /**
     * Keys to compare now.
     *
     * @param byTable by table and key of OLD
     */
    public record Due(Map<String, Map<RowKey, Changed>> byTable) {
        public boolean none() {
            return byTable.isEmpty();
        }

        /** How many there are. */
        public int count() {
            return byTable.values().stream().mapToInt(Map::size).sum();
        }
    }

    /** Keys of OLD that were written to a database of NEW, by table, with the slots they are or were in. */
    public void applied(DatabaseId database, Map<String, Map<RowKey, Set<Integer>>> keys) {
        long now = ticker.getAsLong();
        lock.lock();
        try {
            keys.forEach((table, rows) -> rows.forEach((key, slots) -> {
                Name name = new Name(table, key);
                Entry known = waiting.get(name);
                if (known != null) {
                    known.slots().addAll(slots);
                } else if (admitted()) {
                    waiting.put(name, new Entry(database, now, new TreeSet<>(slots)));
                } else {
                    passedOver.merge(database, 1L, Long::sum);
                }
            }));
        } finally {
            lock.unlock();
        }
    }

    private boolean admitted() {
        double full = (double) waiting.size() / capacity;
        return full < 0.5 || full < 1 && ThreadLocalRandom.current().nextDouble() < 2 * (1 - full);
    }

    /** Takes the keys that have waited long enough, oldest first. */
    public Due due(int limit) {
        long now = ticker.getAsLong();
        Map<String, Map<RowKey, Changed>> byTable = new TreeMap<>();
        lock.lock();
        try {
            Iterator<Map.Entry<Name, Entry>> oldest = waiting.entrySet().iterator();
            for (int taken = 0; taken < limit && oldest.hasNext(); taken++) {
                Map.Entry<Name, Entry> one = oldest.next();
                Entry entry = one.getValue();
                if (now - entry.appliedAt() < delayNanos) {
                    break;
                }
                oldest.remove();
                byTable.computeIfAbsent(one.getKey().table(), any -> new HashMap<>())
                        .put(one.getKey().key(), new Changed(entry.database(), entry.slots()));
            }
        } finally {
            lock.unlock();
        }
        return new Due(byTable);
    }

    /**
     * Puts back what could not be decided, to be due again after the delay. Where an apply that came between has the key already, or
     * nothing is free, it joins that or is counted.
     */
    public void undecided(String table, Map<RowKey, Changed> keys) {
        keys.forEach((key, changed) -> applied(changed.database(), Map.of(table, Map.of(key, changed.slots()))));
    }

    /** How many keys of each database were not taken since this was asked last. */
    public Map<DatabaseId, Long> takePassedOver() {
        lock.lock();
        try {
            Map<DatabaseId, Long> taken = new TreeMap<>(passedOver);
            passedOver.clear();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    public int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** Forgets everything: at this stage nothing is compared. */
    public void clear() {
        lock.lock();
        try {
            waiting.clear();
            passedOver.clear();
        } finally {
            lock.unlock();
        }
    }
}
