package dev.cutover.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("deep-models")
class DeepModelsTest {
    @ParameterizedTest(name = "{0}: {1} states")
    @CsvSource({
        "cutover-back, 259812",
        "cutover-again, 139063",
        "cutover-deep-back, 994110",
        "cutover-deep-shards, 641276",
        "cutover-deep-coordinators, 553884",
        "converge-deep, 11478266",
        "reverse-deep, 680"
    })
    void theProtocolHoldsInEveryReachableStateOf(String configuration, long states, @TempDir Path scratch)
            throws IOException, InterruptedException {
        ModelVerdict verdict = ModelRun.of(configuration).verdict(scratch, 2, Duration.ofMinutes(60));
        assertThat(verdict.clean()).as(verdict::lastLines).isTrue();
        assertThat(verdict.distinctStates()).hasValue(states);
    }
}
