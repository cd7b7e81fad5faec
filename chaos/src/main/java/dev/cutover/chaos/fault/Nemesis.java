package dev.cutover.chaos.fault;

import dev.cutover.chaos.history.HistoryRecord;
import dev.cutover.chaos.history.HistoryWriter;
import dev.cutover.chaos.history.Phase;
import dev.cutover.chaos.stand.BankCrew;
import dev.cutover.chaos.stand.BankServers;
import dev.cutover.sandbox.load.Pace;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Breaks one thing after the other until stopped, each mended before the next; all whole when it has ended. Started and stopped by one thread. */
public final class Nemesis implements AutoCloseable {
    private final HistoryWriter history;
    private final List<Breakage> breakages;
    private final SplittableRandom random;
    private final Duration between;
    private final Pace pace = new Pace();
    private final Thread thread;
    private final Map<String, Integer> count = new TreeMap<>();
    private volatile @Nullable RuntimeException failure;

    /**
     * Not started.
     *
     * @param between so long nothing is broken after each, half or one and a half times that at random
     */
    public Nemesis(BankServers servers, BankCrew crew, HistoryWriter history, long seed, Duration between) {
        this.history = history;
        this.breakages = new Breakages(servers, crew).all();
        this.random = new SplittableRandom(seed);
        this.between = between;
        this.thread = new Thread(this::work, "nemesis");
        this.thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    private void work() {
        try {
            while (pace.until(System.nanoTime() + between.toNanos() * (50 + random.nextInt(100)) / 100)) {
                once(breakages.get(random.nextInt(breakages.size())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    private void once(Breakage breakage) throws InterruptedException {
        Breakage.Broken broken = breakage.begin(random);
        note(breakage, broken, Phase.BEGIN);
        try {
            if (!pace.until(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(broken.millis()))) {
                return;
            }
        } finally {
            if (broken.mend().getAsBoolean()) {
                synchronized (count) {
                    count.merge(breakage.kind(), 1, Integer::sum);
                }
            }
            note(breakage, broken, Phase.END);
        }
    }

    private void note(Breakage breakage, Breakage.Broken broken, Phase phase) {
        history.write(new HistoryRecord.Fault(
                System.nanoTime(), System.currentTimeMillis(), breakage.kind(), phase, broken.detail()));
    }

    /** Faults so far that hit somebody, by kind. */
    public Map<String, Integer> count() {
        synchronized (count) {
            return new TreeMap<>(count);
        }
    }

    /** Why it ended by itself, when it did. */
    public Optional<RuntimeException> failure() {
        return Optional.ofNullable(failure);
    }

    /** Ends it; returns when what was broken is whole. */
    @Override
    public void close() {
        pace.stop();
        try {
            thread.join(Duration.ofMinutes(2).toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
