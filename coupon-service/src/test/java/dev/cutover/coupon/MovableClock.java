package dev.cutover.coupon;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicLong;

/** The clock of one instance, moved by a test. Safe for many threads. */
final class MovableClock implements InstantSource {
    private final Instant start = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    private final AtomicLong seconds = new AtomicLong();

    @Override
    public Instant instant() {
        return start.plusSeconds(seconds.get());
    }

    void forward(Duration time) {
        seconds.addAndGet(time.toSeconds());
    }

    /** Another clock that goes so much before this one. */
    InstantSource ahead(Duration time) {
        return () -> instant().plus(time);
    }
}
