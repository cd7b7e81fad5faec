package dev.cutover.migrator.apply;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BeatsTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Beats beats = new Beats("old", 1_000);

    @Test
    void aYoungBeatThatHasNotComeBackIsNoProofOfAStreamThatRuns() {
        beats.send(0);
        assertThat(beats.lagNanos(-1, SECOND)).isEqualTo(SECOND);
        assertThat(beats.cameBack(-1)).isFalse();
    }

    @Test
    void aBeatOfAnEarlierWorkerIsNoProofEither() {
        beats.send(0);
        assertThat(beats.cameBack(999)).isFalse();
        assertThat(beats.cameBack(1_000)).isTrue();
    }

    @Test
    void theOldestBeatThatIsNotAppliedEverywhereIsTheLag() {
        beats.send(0);
        beats.send(SECOND);
        beats.send(2 * SECOND);
        assertThat(beats.lagNanos(1_000, 3 * SECOND)).isEqualTo(2 * SECOND);
        assertThat(beats.lagNanos(1_002, 3 * SECOND)).isZero();
    }
}
