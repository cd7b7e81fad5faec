package dev.cutover.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.stage.Stage;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StageOrderTest {
    private static final SwitchStep SWITCH = new SwitchStep(new SwitchLimits(
            Duration.ofSeconds(2),
            Duration.ofMillis(500),
            Duration.ofMillis(100),
            Duration.ofSeconds(30),
            null,
            false));

    private static final List<StageStep> STEPS = List.of(
            new FreezeStep(),
            new SingleWriteStep(),
            new CopyStaticStep(),
            new DualWriteStep(),
            new CopyDynamicStep(false, false),
            new VerifyStep(Set.of()),
            new RampStep(25),
            SWITCH,
            new CompleteStep());

    @Test
    void everyStageIsReachedByExactlyOneStep() {
        Map<Stage, String> reached = new LinkedHashMap<>();
        STEPS.forEach(
                step -> assertThat(reached.put(step.reaches(), step.command())).isNull());
        assertThat(reached.keySet())
                .containsExactly(
                        Stage.FROZEN,
                        Stage.SINGLE_WRITE,
                        Stage.STATIC_COPIED,
                        Stage.DUAL_WRITE,
                        Stage.DYNAMIC_COPIED,
                        Stage.VERIFIED,
                        Stage.RAMPING,
                        Stage.SWITCHED,
                        Stage.COMPLETED);
    }

    @Test
    void noStepSkipsAStage() {
        Map<String, Set<Stage>> expected = Map.of(
                "freeze on", Set.of(Stage.PLANNED),
                "single-write", Set.of(Stage.FROZEN),
                "copy static", Set.of(Stage.SINGLE_WRITE),
                "dual-write on", Set.of(Stage.STATIC_COPIED),
                "copy dynamic", Set.of(Stage.DUAL_WRITE),
                "reads ramp --to 25", Set.of(Stage.VERIFIED, Stage.RAMPING),
                "switch", Set.of(Stage.VERIFIED, Stage.RAMPING),
                "complete", Set.of(Stage.SWITCHED));
        STEPS.stream()
                .filter(step -> !(step instanceof VerifyStep))
                .forEach(
                        step -> assertThat(step.startsIn()).as(step.command()).isEqualTo(expected.get(step.command())));
    }

    @Test
    void everyUndoLeadsToTheStageBefore() {
        Map<String, Stage> expected = Map.of(
                "freeze on", Stage.PLANNED,
                "single-write", Stage.FROZEN,
                "copy static", Stage.SINGLE_WRITE,
                "dual-write on", Stage.STATIC_COPIED,
                "copy dynamic", Stage.DUAL_WRITE,
                "verify once", Stage.DYNAMIC_COPIED,
                "reads ramp --to 25", Stage.VERIFIED,
                "switch", Stage.VERIFIED,
                "complete", Stage.COMPLETED);
        STEPS.forEach(step -> assertThat(step.undoneTo()).as(step.command()).isEqualTo(expected.get(step.command())));
    }

    @Test
    void theRampTakesThePlansNextStep() {
        assertThat(RampStep.nextPercent(List.of(1, 5, 25, 50, 100), 0)).isEqualTo(1);
        assertThat(RampStep.nextPercent(List.of(1, 5, 25, 50, 100), 25)).isEqualTo(50);
        assertThat(RampStep.nextPercent(List.of(1, 5), 5)).isEqualTo(100);
    }

    @Test
    void theLeaseOfASwitchOutlivesItsPauseAndNotAThirdOfAUsualBudget() {
        SwitchLimits limits = new SwitchLimits(
                Duration.ofSeconds(2),
                Duration.ofMillis(500),
                Duration.ofMillis(100),
                Duration.ofSeconds(30),
                null,
                false);
        assertThat(limits.lease()).isGreaterThan(Duration.ofMillis(500)).isLessThan(Duration.ofMillis(667));
    }
}
