package dev.cutover.coupon.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

final class MallTimeTest {
    private static final long NEW_YEAR = Instant.parse("2026-01-01T00:00:00Z").toEpochMilli();

    @Test
    void theMallsWallClockIsEightHoursAhead() {
        assertThat(MallTime.wallClock(NEW_YEAR)).isEqualTo("2026-01-01 08:00:00");
        assertThat(MallTime.wallClock(0)).isEqualTo("1970-01-01 08:00:00");
        // China had summer time then; the mall's rows never did.
        assertThat(MallTime.wallClock(Instant.parse("1990-07-01T00:00:00Z").toEpochMilli()))
                .isEqualTo("1990-07-01 08:00:00");
    }

    @Test
    void timestampsAreUtcAsSessionsAre() {
        assertThat(MallTime.timestamp(NEW_YEAR)).isEqualTo("2026-01-01 00:00:00");
    }

    @Test
    void anExclusiveEndIsTheLastSecondBeforeIt() {
        assertThat(MallTime.lastSecond(NEW_YEAR)).isEqualTo("2026-01-01 07:59:59");
    }

    @Test
    void aDayBeginsAtMidnightInTheMall() {
        long last = Instant.parse("2026-01-01T15:59:59Z").toEpochMilli();
        assertThat(MallTime.midnight(last))
                .isEqualTo(Instant.parse("2025-12-31T16:00:00Z").toEpochMilli());
        assertThat(MallTime.midnight(last + 1_000)).isEqualTo(last + 1_000);
    }
}
