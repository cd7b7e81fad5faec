package dev.cutover.coupon.store;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/**
 * Times as the mall writes them: whole seconds on a wall clock in China, which knows no summer time since 1991.
 *
 * <p>The text is what MySQL stores; no driver converts it, so no time zone setting of a JVM or session can shift it.
 */
public final class MallTime {
    private static final ZoneOffset MALL = ZoneOffset.ofHours(8);
    private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);
    private static final long SECOND = Duration.ofSeconds(1).toMillis();

    private MallTime() {}

    /** For DATETIME columns. */
    public static String wallClock(long epochMillis) {
        return text(epochMillis, MALL);
    }

    /** For TIMESTAMP columns: sessions are pinned to UTC. */
    static String timestamp(long epochMillis) {
        return text(epochMillis, ZoneOffset.UTC);
    }

    /** The mall's {@code end_time} is the last second inside, {@code valid_to} the first one outside. */
    public static String lastSecond(long validTo) {
        return wallClock(validTo - SECOND);
    }

    /** The last midnight on that wall clock, epoch milliseconds. */
    static long midnight(long epochMillis) {
        return LocalDateTime.ofInstant(Instant.ofEpochMilli(epochMillis), MALL)
                .truncatedTo(ChronoUnit.DAYS)
                .toInstant(MALL)
                .toEpochMilli();
    }

    private static String text(long epochMillis, ZoneOffset offset) {
        return SECONDS.format(LocalDateTime.ofInstant(Instant.ofEpochMilli(epochMillis), offset));
    }
}
