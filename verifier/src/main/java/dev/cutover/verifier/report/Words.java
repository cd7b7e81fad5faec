package dev.cutover.verifier.report;

import dev.cutover.core.row.RowKey;
import dev.cutover.verifier.HeatMap;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Numbers, times, keys and ranges as a report spells them. */
final class Words {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private static final int LONGEST_BORDER = 24;

    private Words() {}

    static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** The border of a key range: a number with its thousands apart, the beginning of a long text. */
    static String border(String key) {
        if (key.matches("-?[0-9]+")) {
            return String.format(Locale.ROOT, "%,d", new BigInteger(key));
        }
        return key.codePointCount(0, key.length()) <= LONGEST_BORDER
                ? key
                : key.substring(0, key.offsetByCodePoints(0, LONGEST_BORDER - 1)) + "…";
    }

    /** Such as {@code 1 row} or {@code 2 rows}. */
    static String count(long number, String thing) {
        return number(number) + " " + thing + (number == 1 ? "" : "s");
    }

    static String time(Instant instant) {
        return TIME.format(instant);
    }

    static String duration(Duration duration) {
        long millis = Math.max(0, duration.toMillis());
        if (millis < 1_000) {
            return millis + " ms";
        }
        if (millis < 60_000) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1_000.0);
        }
        long minutes = millis / 60_000;
        return minutes < 60 ? minutes + " min" : minutes / 60 + " h " + minutes % 60 + " min";
    }

    static String key(@Nullable RowKey key) {
        return key == null ? "unknown" : String.join(", ", key.parts());
    }

    static String keys(HeatMap.Row row) {
        String lo = row.lo();
        String hi = row.hi();
        return lo == null && hi == null
                ? "all keys"
                : "keys " + (lo == null ? "" : "above " + border(lo))
                        + (lo == null || hi == null ? "" : ", ")
                        + (hi == null ? "" : "up to " + border(hi));
    }
}
