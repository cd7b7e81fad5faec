package dev.cutover.coupon.replica;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Whom a replica has failed once, it has to be found well three times in a row. */
final class StandingTest {
    private final Standing standing = new Standing();

    @Test
    void threeGoodProbesInARowHaveItReadFrom() {
        assertThat(standing.well()).isFalse();
        assertThat(standing.well()).isFalse();
        assertThat(standing.failed()).isFalse();
        assertThat(standing.well()).isFalse();
        assertThat(standing.well()).isFalse();
        assertThat(standing.serving()).isFalse();
        assertThat(standing.well()).isTrue();
        assertThat(standing.serving()).isTrue();
    }

    @Test
    void aReadThatFailsMakesWhatProbesFoundBeforeWorthNothing() {
        for (int i = 0; i < 50; i++) {
            standing.well();
        }
        assertThat(standing.failed()).isTrue();
        assertThat(standing.well()).isFalse();
        assertThat(standing.well()).isFalse();
        assertThat(standing.serving()).isFalse();
        assertThat(standing.well()).isTrue();
    }
}
