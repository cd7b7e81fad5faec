package dev.cutover.migrator.throttle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.core.plan.CopyPlan;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ThrottleTest {
    private static final Optional<Duration> NO_LAG = Optional.of(Duration.ZERO);

    @Test
    void letsTheCopyGoOnWhileAllSignalsAreGood() {
        assertThat(reason(Optional.of(3), NO_LAG, Map.of())).isEmpty();
    }

    @Test
    void noSignalMeansStop() {
        assertThat(reason(Optional.empty(), NO_LAG, Map.of()))
                .hasValueSatisfying(why -> assertThat(why).contains("does not say"));
        assertThat(reason(Optional.of(3), Optional.empty(), Map.of()))
                .hasValueSatisfying(why -> assertThat(why).contains("not known"));
    }

    @Test
    void lagAndLoadAboveTheirLimitsHoldItAndSettingsMoveTheLimits() {
        Optional<Duration> late = Optional.of(Duration.ofSeconds(11));
        assertThat(reason(Optional.of(3), late, Map.of()))
                .contains("the stream is 11000 ms behind, more than 10000 ms");
        assertThat(reason(Optional.of(3), late, Map.of("copy.max_lag_ms", "20000")))
                .isEmpty();
        assertThat(reason(Optional.of(61), NO_LAG, Map.of())).contains("the source runs 61 threads, more than 60");
        assertThat(reason(Optional.of(61), NO_LAG, Map.of("copy.max_threads_running", "100")))
                .isEmpty();
    }

    @Test
    void anOperatorPausesIt() {
        assertThat(reason(Optional.of(3), NO_LAG, Map.of("pause", "true"))).contains("paused by an operator");
    }

    @Test
    void aReaderRestsAsThePlanSaysUntilASettingSaysOtherwise() {
        CopyPlan half = new CopyPlan(2000, 2, Duration.ofSeconds(10), 60, 0.5);
        assertThat(niceRatio(half, Map.of())).isEqualTo(0.5);
        assertThat(niceRatio(half, Map.of("copy.nice_ratio", "3"))).isEqualTo(3);
        assertThat(niceRatio(CopyPlan.DEFAULTS, Map.of())).isZero();
        assertThatThrownBy(() -> niceRatio(half, Map.of("copy.nice_ratio", "much")))
                .hasMessage("Setting 'copy.nice_ratio' is not a number: 'much'.");
    }

    private static double niceRatio(CopyPlan plan, Map<String, String> settings) {
        return new Throttle(plan, () -> Optional.of(3), () -> NO_LAG, () -> settings).niceRatio();
    }

    private static Optional<String> reason(
            Optional<Integer> threads, Optional<Duration> lag, Map<String, String> settings) {
        return new Throttle(CopyPlan.DEFAULTS, () -> threads, () -> lag, () -> settings).reason();
    }
}
