package dev.cutover.cli.shop;

import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.topology.Topology;
import dev.cutover.proxy.DualWriteProxy;
import dev.cutover.proxy.ProxyOptions;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/** Users that claim a piece of the limited item again and again through the proxy, and remember every acknowledged claim. */
public final class Writers implements AutoCloseable {
    private static final Duration BUDGET = Duration.ofSeconds(40);

    private final DualWriteProxy proxy;
    private final Topology topology;
    private final List<Thread> threads = new ArrayList<>();
    private final Map<Long, Long> acknowledged = new ConcurrentHashMap<>();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong operations = new AtomicLong();
    private final AtomicLong answeredAt = new AtomicLong(System.nanoTime());
    private final AtomicLong longestSilence = new AtomicLong();
    private volatile boolean stopped;
    private boolean closed;

    private Writers(DualWriteProxy proxy, Topology topology) {
        this.proxy = proxy;
        this.topology = topology;
    }

    static Writers start(Topology topology, ControlDatabase control, int number) {
        Writers writers = new Writers(
                DualWriteProxy.open(topology, control, ProxyOptions.of("shop-1"), new SimpleMeterRegistry()), topology);
        for (int i = 0; i < number; i++) {
            long first = 1_000L + 100L * i;
            Thread thread = new Thread(() -> writers.write(first), "shop-writer-" + i);
            thread.setDaemon(true);
            thread.start();
            writers.threads.add(thread);
        }
        return writers;
    }

    private void write(long firstUser) {
        long turn = 0;
        while (!stopped) {
            long user = firstUser + turn++ % 100;
            try {
                long legacyId =
                        proxy.write(user, BUDGET, new Claim(topology, user, "op-" + operations.incrementAndGet()));
                long now = System.nanoTime();
                long silence = now - answeredAt.getAndSet(now);
                longestSilence.accumulateAndGet(silence, Math::max);
                Long before = acknowledged.put(legacyId, user);
                if (before != null) {
                    failures.add(new AssertionError("The id " + legacyId + " was given to " + before + " and " + user));
                }
            } catch (RuntimeException e) {
                failures.add(e);
                return;
            }
        }
    }

    /** Acknowledged claims so far: legacy id to user. */
    public Map<Long, Long> acknowledged() {
        return Map.copyOf(acknowledged);
    }

    public int count() {
        return acknowledged.size();
    }

    /** The longest time in which nobody got an answer, since this was asked last. */
    public Duration longestSilence() {
        return Duration.ofNanos(longestSilence.getAndSet(0));
    }

    /** What went wrong; empty as it should be. */
    public List<Throwable> failures() {
        return List.copyOf(failures);
    }

    /** Ends the writers; the proxy goes on. */
    public void stop() throws InterruptedException {
        stopped = true;
        for (Thread thread : threads) {
            thread.join(60_000);
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        stopped = true;
        for (Thread thread : threads) {
            try {
                thread.join(60_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        proxy.close();
    }
}
