package dev.cutover.migrator.throttle;

import dev.cutover.core.plan.CopyPlan;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The brake of a copy. It is asked between chunks and reads its signals anew at most every 200 ms. No signal means stop: unseen lag is too
 * much lag. Safe for many threads.
 */
public final class Throttle {
    private static final long MAX_AGE_NANOS = Duration.ofMillis(200).toNanos();

    /** Threads that run on the source right now. */
    @FunctionalInterface
    public interface SourceLoad {
        /** Empty when the source does not say. */
        Optional<Integer> threadsRunning();
    }

    private final CopyPlan plan;
    private final SourceLoad load;
    private final Supplier<Optional<Duration>> lag;
    private final Supplier<Map<String, String>> settings;

    private long askedAt = Long.MIN_VALUE;
    private Optional<String> answer = Optional.empty();

    /**
     * A brake over these signals.
     *
     * @param lag how far the stream is behind; empty when that is not known
     * @param settings {@code pause} = true stops the copy; those of {@link Knob} go before the plan
     */
    public Throttle(
            CopyPlan plan, SourceLoad load, Supplier<Optional<Duration>> lag, Supplier<Map<String, String>> settings) {
        this.plan = plan;
        this.load = load;
        this.lag = lag;
        this.settings = settings;
    }

    /** Why the copy must wait now; empty when it may go on. */
    public synchronized Optional<String> reason() {
        long now = System.nanoTime();
        if (askedAt == Long.MIN_VALUE || now - askedAt >= MAX_AGE_NANOS) {
            answer = ask();
            askedAt = now;
        }
        return answer;
    }

    /** How long a reader rests, in times of what it has just worked. */
    public double niceRatio() {
        return number(settings.get(), Knob.NICE_RATIO, plan.niceRatio(), Double::parseDouble);
    }

    private Optional<String> ask() {
        Map<String, String> live = settings.get();
        if (Boolean.parseBoolean(live.getOrDefault("pause", "false"))) {
            return Optional.of("paused by an operator");
        }
        long maxLag = number(live, Knob.MAX_LAG, plan.maxLag().toMillis(), Long::parseLong);
        Optional<Duration> behind = lag.get();
        if (behind.isEmpty()) {
            return Optional.of("the stream is starting: its lag is not known yet");
        }
        if (behind.get().toMillis() > maxLag) {
            return Optional.of("the stream is " + behind.get().toMillis() + " ms behind, more than " + maxLag + " ms");
        }
        long maxThreads = number(live, Knob.MAX_LOAD, (long) plan.maxThreadsRunning(), Long::parseLong);
        Optional<Integer> threads = load.threadsRunning();
        if (threads.isEmpty()) {
            return Optional.of("the source does not say how many threads it runs");
        }
        if (threads.get() > maxThreads) {
            return Optional.of("the source runs " + threads.get() + " threads, more than " + maxThreads);
        }
        return Optional.empty();
    }

    private static <N extends Number> N number(
            Map<String, String> settings, Knob knob, N otherwise, Function<String, N> reader) {
        String value = settings.get(knob.setting());
        if (value == null) {
            return otherwise;
        }
        try {
            return reader.apply(value.strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("Setting '" + knob.setting() + "' is not a number: '" + value + "'.", e);
        }
    }
}
