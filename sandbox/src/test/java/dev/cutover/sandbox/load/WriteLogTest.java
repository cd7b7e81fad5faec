package dev.cutover.sandbox.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class WriteLogTest {
    private static final Instant ZERO = Instant.parse("2026-11-22T00:00:00Z");

    private final AtomicLong ticks = new AtomicLong(5_000_000_000L);
    private final WriteLog log = new WriteLog(InstantSource.fixed(ZERO), ticks::get);

    @Test
    void aGapThatReachesBeyondTheWindowCountsInFull() {
        acknowledged(100, 110);
        acknowledged(600, 610);
        assertThat(pause(300, 400)).isEqualTo(Duration.ofMillis(500));
        assertThat(pause(500, 605)).isEqualTo(Duration.ofMillis(500));
    }

    @Test
    void aGapOutsideTheWindowDoesNotCount() {
        acknowledged(0, 10);
        acknowledged(900, 910);
        acknowledged(950, 960);
        acknowledged(990, 1_000);
        assertThat(pause(920, 990)).isEqualTo(Duration.ofMillis(50));
    }

    @Test
    void aSlowWriteCountsWhileOthersAreAcknowledged() {
        for (int at = 0; at < 1_000; at += 20) {
            acknowledged(at, at + 10);
        }
        moveTo(1_000);
        assertThat(pause(200, 800)).isEqualTo(Duration.ofMillis(20));
        write(7, 300, 700, true);
        assertThat(pause(200, 800)).isEqualTo(Duration.ofMillis(400));
        assertThat(pause(750, 800)).isEqualTo(Duration.ofMillis(20));
    }

    @Test
    void aRefusalIsNoAcknowledgement() {
        acknowledged(0, 10);
        write(1, 200, 210, false);
        acknowledged(400, 410);
        assertThat(pause(0, 400)).isEqualTo(Duration.ofMillis(400));
    }

    @Test
    void aWriteStillUnderWayCountsUntilNow() {
        acknowledged(0, 10);
        moveTo(100);
        log.begin(3);
        acknowledged(890, 900);
        moveTo(950);
        assertThat(pause(700, 900)).isEqualTo(Duration.ofMillis(890));
        moveTo(2_000);
        assertThat(pause(1_900, 1_950)).isEqualTo(Duration.ofMillis(1_900));
    }

    @Test
    void silenceAtTheEndCountsUpToTheEndOfTheWindow() {
        acknowledged(0, 10);
        moveTo(5_000);
        assertThat(pause(0, 310)).isEqualTo(Duration.ofMillis(300));
    }

    @Test
    void acknowledgementsKeepTheirMoment() {
        acknowledged(5, 250);
        assertThat(log.acknowledged())
                .containsExactly(new Acknowledged(Operation.CLAIM, 7, List.of("cpn_1"), ZERO.plusMillis(250)));
        assertThat(log.latencies()).containsExactly(Duration.ofMillis(245).toNanos());
    }

    private Duration pause(long from, long to) {
        return log.longestPause(ZERO.plusMillis(from), ZERO.plusMillis(to));
    }

    private void acknowledged(long from, long to) {
        write(0, from, to, true);
    }

    private void write(int client, long from, long to, boolean acknowledged) {
        long now = ticks.get();
        moveTo(from);
        long began = log.begin(client);
        moveTo(to);
        if (acknowledged) {
            log.acknowledge(client, began, Operation.CLAIM, 7, List.of("cpn_1"));
        } else {
            log.end(client, began);
        }
        ticks.set(Math.max(now, ticks.get()));
    }

    private void moveTo(long millis) {
        ticks.set(5_000_000_000L + Duration.ofMillis(millis).toNanos());
    }
}
