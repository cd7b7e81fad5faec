package dev.cutover.cli.console;

import java.time.Duration;
import java.util.Locale;

/** Numbers as people read them. */
public final class Numbers {
    private Numbers() {}

    /** Such as {@code 12,408}. */
    public static String grouped(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** Such as {@code 340 ms}, {@code 4.2 s}, {@code 3m 10s}, {@code 2h 5m}. */
    public static String duration(Duration duration) {
        long millis = duration.toMillis();
        if (millis < 1_000) {
            return millis + " ms";
        }
        if (millis < 60_000) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1_000.0);
        }
        long seconds = duration.toSeconds();
        if (seconds < 3_600) {
            return seconds / 60 + "m " + seconds % 60 + "s";
        }
        long minutes = duration.toMinutes();
        return minutes < 1_440
                ? minutes / 60 + "h " + minutes % 60 + "m"
                : minutes / 1_440 + "d " + minutes / 60 % 24 + "h";
    }

    /** The share in percent with one decimal; 0 of 0 is 100. */
    public static String percent(long part, long whole) {
        return String.format(Locale.ROOT, "%.1f %%", whole == 0 ? 100.0 : 100.0 * part / whole);
    }
}
