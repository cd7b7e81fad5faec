package dev.cutover.coupon.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.position.GtidSet;
import org.junit.jupiter.api.Test;

/** A lag is the time since a server had all that its primary had. */
final class LagTest {
    private static final String SERVER = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

    private static GtidSet upTo(int number) {
        return GtidSet.parse(SERVER + ":1-" + number);
    }

    @Test
    void whoIsAlwaysTwoProbesBehindHasALagOfTwoProbes() {
        Lag lag = new Lag();
        assertThat(lag.note(100, upTo(10), upTo(10))).isZero();
        lag.note(200, upTo(20), upTo(10));
        lag.note(300, upTo(30), upTo(10));
        assertThat(lag.note(400, upTo(40), upTo(20))).isEqualTo(100);
        assertThat(lag.note(500, upTo(50), upTo(30))).isEqualTo(100);
        assertThat(lag.note(600, upTo(60), upTo(60))).isZero();
    }

    @Test
    void whoStandsStillFallsBehindForAsLongAsHeDoes() {
        Lag lag = new Lag();
        long told = 0;
        for (int i = 1; i <= 10_000; i++) {
            told = lag.note(i, upTo(i + 1), upTo(1));
        }
        assertThat(told).isEqualTo(9_999);
    }
}
