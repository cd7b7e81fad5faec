package dev.cutover.chaos.plant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.chaos.checker.CheckReport;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The quickest and most different bugs; all of them with {@code bin/chaos --plant all}. */
@Timeout(180)
class PlantedBugsIT {
    @TempDir
    private Path folder;

    // bin/chaos --plant all has all of them.
    static Stream<PlantedBug> bugs() {
        return "full".equals(System.getenv("CUTOVER_FAULTS"))
                ? Stream.of(PlantedBug.OPEN_BEFORE_CLOSE, PlantedBug.POSITION_BEFORE_ROWS, PlantedBug.OPERATION_MISSING)
                : Stream.of(PlantedBug.OPERATION_MISSING);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bugs")
    void aBugOnRealServersIsCaughtByTheInvariantNamedForIt(PlantedBug bug) {
        PlantRun.Result result = new PlantRun(folder).run(bug);

        assertThat(result.violated()).as(result.report().toJson()).contains(bug.invariant());
    }

    @Test
    void theSameRunWithoutABugViolatesNothing() {
        CheckReport report = new PlantRun(folder).runClean();

        assertThat(report.violations()).isEmpty();
        assertThat(report.passed()).isTrue();
    }
}
