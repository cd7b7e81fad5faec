package dev.cutover.sandbox.mall;

import java.time.LocalDateTime;
import java.time.ZoneOffset;

/** The mall's wall clock, UTC+8, as DATETIME text. */
final class MallTime {
    static final String ZERO = "0000-00-00 00:00:00";
    static final long DAY = 86_400;

    /** 9999-12-31 23:59:59 on the mall's clock: how shops say "for ever". */
    static final long FOREVER = LocalDateTime.of(9999, 12, 31, 23, 59, 59).toEpochSecond(ZoneOffset.ofHours(8));

    private static final ZoneOffset MALL = ZoneOffset.ofHours(8);

    private MallTime() {}

    /** Hundreds of thousands are written: by hand, because a formatter takes most of the time of the whole generation. */
    static String text(long epochSecond) {
        LocalDateTime time = LocalDateTime.ofEpochSecond(epochSecond, 0, MALL);
        StringBuilder text = new StringBuilder(19).append(time.getYear());
        two(text.append('-'), time.getMonthValue());
        two(text.append('-'), time.getDayOfMonth());
        two(text.append(' '), time.getHour());
        two(text.append(':'), time.getMinute());
        two(text.append(':'), time.getSecond());
        return text.toString();
    }

    /** The last second of the mall's day that the moment is in. */
    static long endOfDay(long epochSecond) {
        long local = epochSecond + MALL.getTotalSeconds();
        return local - Math.floorMod(local, DAY) + DAY - 1 - MALL.getTotalSeconds();
    }

    private static void two(StringBuilder text, int number) {
        text.append((char) ('0' + number / 10)).append((char) ('0' + number % 10));
    }
}
