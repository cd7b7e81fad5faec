package dev.cutover.verifier.drill;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HintsTest {
    @Test
    void wholeHoursAreATimeZone() {
        assertThat(number("created_at", "1760000000000", "1760003600000"))
                .isEqualTo("shifted time zone by 1 h (created_at)");
        assertThat(time("2026-01-01 00:00:00.000000", "2025-12-31 16:00:00.000000"))
                .isEqualTo("shifted time zone by -8 h (c)");
    }

    @Test
    void aShorterPrefixIsTruncatedText() {
        assertThat(text("abcdef", "abc")).isEqualTo("truncated text (c)");
        assertThat(text("abc ", "abc")).isEqualTo("lost trailing spaces (c)");
    }

    @Test
    void centsAndMillisecondsThatAreGoneAreALostFraction() {
        assertThat(number("amount", "1250", "1200")).isEqualTo("lost fraction (amount)");
        assertThat(number("at", "1760000000123", "1760000000000")).isEqualTo("lost fraction (at)");
        assertThat(number("rate", "1.25", "1")).isEqualTo("lost fraction (rate)");
    }

    @Test
    void textReadAsLatin1IsDoubleEncoding() {
        String twice = new String("优惠".getBytes(StandardCharsets.UTF_8), Charset.forName("windows-1252"));
        assertThat(text("优惠", twice)).isEqualTo("double encoding (c)");
    }

    @Test
    void nullAgainstEmptyTextIsNamed() {
        assertThat(text(null, "")).isEqualTo("NULL against empty text (c)");
        assertThat(text("x", null)).isEqualTo("NULL on NEW only (c)");
    }

    @Test
    void swappedColumnsAreNamedTogether() {
        assertThat(Hints.of(List.of(
                        new ColumnPair("a", ColumnPair.Kind.NUMBER, "1", "2"),
                        new ColumnPair("b", ColumnPair.Kind.NUMBER, "2", "1"))))
                .isEqualTo("swapped columns a and b");
    }

    @Test
    void anOlderVersionIsStale() {
        assertThat(number("version", "7", "6")).isEqualTo("stale version (version)");
    }

    @Test
    void anythingElseHasNoHint() {
        assertThat(number("status", "1", "3")).isEmpty();
        assertThat(text("abc", "xyz")).isEmpty();
        assertThat(text("abc", "ABC")).isEqualTo("other case (c)");
    }

    private static String number(String name, String source, String target) {
        return Hints.of(List.of(new ColumnPair(name, ColumnPair.Kind.NUMBER, source, target)));
    }

    private static String time(String source, String target) {
        return Hints.of(List.of(new ColumnPair("c", ColumnPair.Kind.TIME, source, target)));
    }

    private static String text(@Nullable String source, @Nullable String target) {
        return Hints.of(List.of(new ColumnPair("c", ColumnPair.Kind.TEXT, source, target)));
    }
}
