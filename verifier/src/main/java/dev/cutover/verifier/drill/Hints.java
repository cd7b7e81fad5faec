package dev.cutover.verifier.drill;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;

/** Guesses from two values what went wrong with a column, in words that hold neither of them. */
final class Hints {
    private static final BigDecimal HOUR = BigDecimal.valueOf(3_600_000L);
    private static final BigDecimal MILLIS_OF_YEAR_1973 = BigDecimal.valueOf(100_000_000_000L);
    private static final int WIDEST_ZONE_HOURS = 14;

    // What MySQL calls latin1.
    private static final Charset LATIN1 = Charset.forName("windows-1252");

    private Hints() {}

    /** One sentence for a row, empty when nothing obvious happened. */
    static String of(List<ColumnPair> differing) {
        Set<String> hints = new LinkedHashSet<>();
        for (int i = 0; i < differing.size(); i++) {
            for (int j = i + 1; j < differing.size(); j++) {
                if (swapped(differing.get(i), differing.get(j))) {
                    hints.add("swapped columns " + differing.get(i).name() + " and "
                            + differing.get(j).name());
                }
            }
        }
        if (hints.isEmpty()) {
            for (ColumnPair pair : differing) {
                String hint = hint(pair);
                if (!hint.isEmpty()) {
                    hints.add(hint + " (" + pair.name() + ")");
                }
            }
        }
        return String.join("; ", hints);
    }

    private static boolean swapped(ColumnPair one, ColumnPair two) {
        return one.kind() == two.kind()
                && !Objects.equals(one.source(), two.source())
                && Objects.equals(one.source(), two.target())
                && Objects.equals(two.source(), one.target());
    }

    private static String hint(ColumnPair pair) {
        String source = pair.source();
        String target = pair.target();
        if (source == null || target == null) {
            String other = source == null ? target : source;
            if (other != null && other.isEmpty()) {
                return "NULL against empty text";
            }
            return source == null ? "NULL on OLD only" : "NULL on NEW only";
        }
        return switch (pair.kind()) {
            case NUMBER -> number(pair.name(), source, target);
            case TIME -> time(source, target);
            case TEXT -> text(source, target);
            case OTHER -> "";
        };
    }

    private static String number(String name, String sourceText, String targetText) {
        BigDecimal source;
        BigDecimal target;
        try {
            source = new BigDecimal(sourceText);
            target = new BigDecimal(targetText);
        } catch (NumberFormatException e) {
            // A text that the plan turns into a number.
            return "";
        }
        BigDecimal apart = target.subtract(source);
        if (source.compareTo(MILLIS_OF_YEAR_1973) > 0 && apart.remainder(HOUR).signum() == 0) {
            long hours = apart.divide(HOUR, RoundingMode.UNNECESSARY).longValue();
            if (Math.abs(hours) <= WIDEST_ZONE_HOURS) {
                return "shifted time zone by " + hours + " h";
            }
        }
        for (int digits = 0; digits <= 3; digits++) {
            BigDecimal unit = BigDecimal.TEN.pow(digits);
            boolean fraction = source.remainder(unit).signum() != 0;
            boolean cut = target.remainder(unit).signum() == 0 && apart.abs().compareTo(unit) < 0;
            // Whole numbers lose digits only in the units that stand for a fraction: cents and milliseconds.
            if (fraction && cut && (digits == 0 || digits >= 2)) {
                return "lost fraction";
            }
        }
        boolean version = name.toLowerCase(Locale.ROOT).matches("version|updated_at|update_time|modified_at");
        return version && apart.signum() < 0 ? "stale version" : "";
    }

    private static String time(String source, String target) {
        try {
            LocalDateTime first = LocalDateTime.parse(source.replace(' ', 'T'));
            LocalDateTime second = LocalDateTime.parse(target.replace(' ', 'T'));
            Duration apart = Duration.between(first, second);
            if (!apart.isZero()
                    && apart.toMillis() % 3_600_000 == 0
                    && Math.abs(apart.toHours()) <= WIDEST_ZONE_HOURS) {
                return "shifted time zone by " + apart.toHours() + " h";
            }
            if (first.getNano() != 0 && second.getNano() == 0 && Math.abs(apart.toMillis()) <= 1000) {
                return "lost fraction";
            }
        } catch (DateTimeParseException e) {
            // Zero dates and times of day have no zone to be shifted by.
            return source.startsWith("0000-00-00") || target.startsWith("0000-00-00") ? "zero date" : "";
        }
        return "";
    }

    private static String text(String source, String target) {
        if (!target.isEmpty() && source.startsWith(target)) {
            return source.stripTrailing().equals(target) ? "lost trailing spaces" : "truncated text";
        }
        if (target.stripTrailing().equals(source)) {
            return "added trailing spaces";
        }
        if (target.equals(misread(source, LATIN1)) || target.equals(misread(source, StandardCharsets.ISO_8859_1))) {
            return "double encoding";
        }
        if (source.codePoints().anyMatch(c -> c > 127)
                && target.chars().filter(c -> c == '?').count() > 0
                && target.length() == source.codePoints().count()) {
            return "characters replaced by '?'";
        }
        return source.equalsIgnoreCase(target) ? "other case" : "";
    }

    private static String misread(String text, Charset charset) {
        return new String(text.getBytes(StandardCharsets.UTF_8), charset);
    }
}
