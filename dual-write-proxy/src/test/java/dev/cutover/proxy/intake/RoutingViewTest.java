package dev.cutover.proxy.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.routing.ShardLayout;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Side;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoutingViewTest {
    private static final Register FIRST = Register.initial("m", "h");
    private static final Register CLAIMED = FIRST.claimed(Side.NEW, "somebody", Instant.EPOCH);

    @Test
    void anUndecidedSwitchLeavesWritesWhereTheyWereInTheEpochBefore() {
        RoutingView view = RoutingView.of(CLAIMED);
        assertThat(view.truth()).isEqualTo(Side.OLD);
        assertThat(view.epoch()).isEqualTo(new Epoch(1));
    }

    @Test
    void aCommittedSwitchSendsWritesToTheOtherSideBeforeItHasSettled() {
        RoutingView view = RoutingView.of(CLAIMED.decided(Register.Decision.COMMIT));
        assertThat(view.truth()).isEqualTo(Side.NEW);
        assertThat(view.epoch()).isEqualTo(new Epoch(2));
    }

    @Test
    void anAbortedSwitchLeavesWritesWhereTheyWereInTheNewEpoch() {
        RoutingView view = RoutingView.of(CLAIMED.decided(Register.Decision.ABORT));
        assertThat(view.truth()).isEqualTo(Side.OLD);
        assertThat(view.epoch()).isEqualTo(new Epoch(2));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 25, 50, 100})
    void theRampServesItsShareOfUsersInEverySlot(int percent) {
        RoutingView view = RoutingView.of(FIRST.withReadPercent(percent));
        ShardLayout layout = new ShardLayout(2, 2);
        int[] users = new int[layout.slots()];
        int[] served = new int[layout.slots()];
        for (long user = 1; user <= 100_000; user++) {
            int slot = layout.slot(user);
            users[slot]++;
            served[slot] += view.readSide(user) == Side.NEW ? 1 : 0;
        }
        for (int slot = 0; slot < layout.slots(); slot++) {
            assertThat(100.0 * served[slot] / users[slot]).isCloseTo(percent, within(1.0));
        }
    }

    @Test
    void aUserOnceServedByNewStaysThereWhileTheRampGrows() {
        for (long user = -1_000; user < 1_000; user++) {
            boolean before = RoutingView.of(FIRST.withReadPercent(5)).readSide(user) == Side.NEW;
            boolean after = RoutingView.of(FIRST.withReadPercent(25)).readSide(user) == Side.NEW;
            assertThat(!before || after).isTrue();
        }
    }
}
