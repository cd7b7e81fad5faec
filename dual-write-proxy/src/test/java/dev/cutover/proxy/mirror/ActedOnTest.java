package dev.cutover.proxy.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.proxy.intake.RoutingView;
import org.junit.jupiter.api.Test;

class ActedOnTest {
    private static final Register ON = Register.initial("m", "h").withMirror(true);
    private static final RoutingView BEFORE = RoutingView.of(ON);
    private static final RoutingView OFF = RoutingView.of(ON.withMirror(false).withVersion(ON.version() + 1));

    private final ActedOn actedOn = new ActedOn(BEFORE);

    @Test
    void aViewIsActedOnWhenWhatBeganUnderTheOneBeforeHasEnded() {
        actedOn.begin(DatabaseId.shard(0));
        actedOn.begin(DatabaseId.shard(1));
        actedOn.follow(OFF);
        assertThat(actedOn.version()).isEqualTo(BEFORE.version());
        actedOn.end(DatabaseId.shard(0));
        assertThat(actedOn.version()).isEqualTo(BEFORE.version());
        actedOn.end(DatabaseId.shard(1));
        assertThat(actedOn.version()).isEqualTo(OFF.version());
    }

    @Test
    void whatBeginsUnderTheNewestViewHoldsItUpNoLonger() {
        actedOn.follow(OFF);
        assertThat(actedOn.begin(DatabaseId.shard(0))).isEqualTo(OFF);
        assertThat(actedOn.version()).isEqualTo(OFF.version());
    }
}
