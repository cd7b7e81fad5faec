package dev.cutover.verifier.grid;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ColumnTextTest {
    @Test
    void wholeNumbersOfEveryTypeHaveOneText() {
        ColumnText text = text("INT", 0, "BIGINT UNSIGNED", 0);
        assertThat(text.ofSource("s.a")).isEqualTo("IFNULL((s.a), 'N')");
        assertThat(text.ofTarget("`a`"))
                .as("unsigned, and perhaps with zeros in front")
                .isEqualTo("IFNULL((`a`) + 0, 'N')");
        assertThat(text("YEAR", 0, "SMALLINT", 0).ofSource("s.a")).isEqualTo("IFNULL((s.a) + 0, 'N')");
        assertThat(text("BIT", 0, "INT", 0).ofSource("s.a")).isEqualTo("IFNULL((s.a) + 0, 'N')");
    }

    @Test
    void theLargerScaleIsCompared() {
        assertThat(text("DECIMAL", 2, "BIGINT", 0).ofTarget("`a`"))
                .isEqualTo("IFNULL(CAST((`a`) AS DECIMAL(65,2)), 'N')");
        assertThat(text("BIGINT", 0, "DECIMAL", 4).ofSource("s.a"))
                .isEqualTo("IFNULL(CAST((s.a) AS DECIMAL(65,4)), 'N')");
    }

    @Test
    void textCarriesItsLengthAndIsReadAsUtf8() {
        assertThat(text("VARCHAR", 0, "VARCHAR", 0).ofTarget("`a`"))
                .isEqualTo("IFNULL(LENGTH(CONVERT((`a`) USING utf8mb4)), 'N'), ':',"
                        + " IF((`a`) IS NULL, '', CONVERT((`a`) USING utf8mb4))");
    }

    @Test
    void textInUtf8IsReadAsItIs() {
        ColumnType type = ColumnType.named("VARCHAR", 0);
        assertThat(new ColumnText(type, type.inUtf8()).ofTarget("`a`"))
                .isEqualTo("IFNULL(LENGTH((`a`)), 'N'), ':', IF((`a`) IS NULL, '', (`a`))");
        assertThat(new ColumnText(type, type.inUtf8()).ofSource("s.a")).contains("CONVERT(");
    }

    @Test
    void longColumnsAreHashedFirst() {
        assertThat(text("VARCHAR", 0, "LONGTEXT", 0).ofSource("s.a")).contains("SHA2(");
        assertThat(text("BLOB", 0, "VARBINARY", 0).ofTarget("`a`")).contains("SHA2(");
    }

    @Test
    void timesAreComparedAtMicroseconds() {
        assertThat(text("DATETIME", 0, "DATETIME", 3).ofSource("s.a")).contains("CAST((s.a) AS DATETIME(6))");
        assertThat(text("VARCHAR", 0, "TIME", 0).ofSource("s.a")).contains("CONVERT((s.a) USING utf8mb4) AS TIME(6)");
    }

    private static ColumnText text(String source, int sourceScale, String target, int targetScale) {
        return new ColumnText(ColumnType.named(source, sourceScale), ColumnType.named(target, targetScale));
    }
}
