package dev.cutover.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.stage.Stage;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

class WordsTest {
    @Test
    void durationsAreReadAsPeopleWriteThem() {
        DurationWords words = new DurationWords();
        assertThat(words.convert("500ms")).isEqualTo(Duration.ofMillis(500));
        assertThat(words.convert("2s")).isEqualTo(Duration.ofSeconds(2));
        assertThat(words.convert("10m")).isEqualTo(Duration.ofMinutes(10));
        assertThat(words.convert("24h")).isEqualTo(Duration.ofHours(24));
        assertThatThrownBy(() -> words.convert("2 weeks"))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("500ms");
    }

    @Test
    void stagesAreReadInAnyCaseAndWithDashes() {
        StageWords words = new StageWords();
        assertThat(words.convert("dual-write")).isEqualTo(Stage.DUAL_WRITE);
        assertThat(words.convert("SWITCHED")).isEqualTo(Stage.SWITCHED);
        assertThatThrownBy(() -> words.convert("done")).isInstanceOf(TypeConversionException.class);
    }

    @Test
    void theNearestWordsComeFirst() {
        assertThat(Nearest.among("statsu", List.of("status", "events", "state"), 0))
                .startsWith("status");
        assertThat(Nearest.among("xyzzy", List.of("status", "events"), 0)).isEmpty();
        assertThat(Nearest.distance("kitten", "sitting")).isEqualTo(3);
    }
}
