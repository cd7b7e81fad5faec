package dev.cutover.migrator;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.FencedOffException;
import dev.cutover.migrator.stream.StreamStoppedException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one stream running in one epoch: opens its pipeline, and opens it again, later and later, when it breaks. A stream that stopped because
 * people must look stays stopped until they have changed a setting. Safe for many threads.
 */
final class StreamKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StreamKeeper.class);
    private static final String STARTING = "starting";
    private static final String STREAMING = "streaming";
    private static final long FIRST_BACK_OFF = 100;
    private static final long LAST_BACK_OFF = 5_000;
    private static final Duration HEALTHY = Duration.ofSeconds(30);

    private final String stream;
    private final Epoch epoch;
    private final Supplier<Pipeline> opening;
    private final Supplier<Object> settings;
    private final Thread thread;

    private volatile @Nullable Pipeline pipeline;
    private volatile String state = STARTING;
    private volatile @Nullable String reason;
    private volatile boolean closed;

    /**
     * A keeper, not started.
     *
     * @param opening opens the pipeline, or throws
     * @param settings what people can change about a stopped stream; another value starts it again
     */
    StreamKeeper(String stream, Epoch epoch, Supplier<Pipeline> opening, Supplier<Object> settings) {
        this.stream = stream;
        this.epoch = epoch;
        this.opening = opening;
        this.settings = settings;
        this.thread = new Thread(this::run, "keep-" + stream);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    private void run() {
        long backOff = FIRST_BACK_OFF;
        try {
            while (!closed) {
                Object before = settings.get();
                long openedAt = System.nanoTime();
                RuntimeException failure = once();
                if (closed) {
                    return;
                }
                if (System.nanoTime() - openedAt > HEALTHY.toNanos()) {
                    backOff = FIRST_BACK_OFF;
                }
                if (failure instanceof StreamStoppedException) {
                    LOG.error("{}", failure.getMessage());
                    report("stopped", failure.getMessage());
                    while (!closed && before.equals(settings.get())) {
                        pause(1_000);
                    }
                } else if (failure instanceof FencedOffException) {
                    // A switch is on its way; the register will say where to.
                    report("fenced off", failure.getMessage());
                    pause(200);
                } else {
                    LOG.warn("Stream '{}' of epoch {} starts again: {}", stream, epoch, failure.getMessage());
                    report("broken", failure.getMessage());
                    pause(backOff);
                    backOff = Math.min(LAST_BACK_OFF, backOff * 2);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("The keeper of stream '{}' failed", stream, e);
            report("stopped", String.valueOf(e.getMessage()));
        }
    }

    /** Runs one pipeline to its end; gives why it ended. */
    private RuntimeException once() throws InterruptedException {
        report(STARTING, null);
        try (Pipeline running = opening.get()) {
            pipeline = running;
            report(STREAMING, null);
            // Behind what was missed, and so the first sign that the stream has caught up.
            running.beat();
            while (!closed && !running.endedWithin(Duration.ofMillis(200))) {
                continue;
            }
            return running.failure().orElseGet(() -> new IllegalStateException("closed"));
        } catch (RuntimeException e) {
            return e;
        } finally {
            pipeline = null;
        }
    }

    private void report(String newState, @Nullable String why) {
        state = newState;
        reason = why;
    }

    private synchronized void pause(long millis) throws InterruptedException {
        if (!closed) {
            wait(millis);
        }
    }

    String stream() {
        return stream;
    }

    Epoch epoch() {
        return epoch;
    }

    /** The pipeline while it runs. */
    Optional<Pipeline> pipeline() {
        return Optional.ofNullable(pipeline);
    }

    /** A pipeline that is open but has brought nothing yet is still starting. */
    String state() {
        Pipeline running = pipeline;
        return running == null || running.lag().isPresent() || !state.equals(STREAMING) ? state : STARTING;
    }

    boolean starting() {
        return state().equals(STARTING);
    }

    Optional<String> reason() {
        return Optional.ofNullable(reason);
    }

    @Override
    public void close() {
        closed = true;
        synchronized (this) {
            notifyAll();
        }
        try {
            thread.join(Duration.ofSeconds(40).toMillis());
            if (thread.isAlive()) {
                // Seen once after a switch, and not explained: the next time it tells where it is.
                LOG.warn(
                        "The keeper of stream '{}' of epoch {} does not end; it is at {}",
                        stream,
                        epoch,
                        Stream.of(thread.getStackTrace())
                                .map(StackTraceElement::toString)
                                .limit(20)
                                .collect(Collectors.joining(" < ")));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
