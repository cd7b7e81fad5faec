package dev.cutover.migrator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class LeaseOwnerTest {
    private static final String MACHINE = LeaseOwner.machine();

    @Test
    void aProcessThatRunsIsNotGone() {
        String owner = LeaseOwner.ofThisProcess("worker-1");
        assertThat(owner)
                .startsWith(
                        "worker-1 @" + MACHINE + " " + ProcessHandle.current().pid() + " ");
        assertThat(LeaseOwner.gone(owner)).isFalse();
    }

    @Test
    void aProcessThatHasEndedIsGone() throws IOException, InterruptedException {
        Process sleeping = new ProcessBuilder("sleep", "60").start();
        String owner = LeaseOwner.named("worker-1", MACHINE, sleeping.pid());
        assertThat(LeaseOwner.gone(owner)).isFalse();
        sleeping.destroyForcibly().waitFor();
        assertThat(LeaseOwner.gone(owner)).isTrue();
    }

    @Test
    void aProcessWhoseNumberAnotherHasGotIsGone() {
        String owner = LeaseOwner.ofThisProcess("worker-1");
        assertThat(LeaseOwner.gone(owner + "1")).isTrue();
    }

    @Test
    void nothingIsKnownOfOtherMachinesAndOfOwnersWithoutAMark() {
        assertThat(LeaseOwner.gone("worker-1")).isFalse();
        assertThat(LeaseOwner.gone("worker-1 @elsewhere/pid:[1]/root 4194305 1"))
                .isFalse();
        assertThat(LeaseOwner.gone("worker-1 @" + MACHINE + " 4194305 1")).isTrue();
        assertThat(LeaseOwner.gone("worker-1 @" + MACHINE + " 4194305 1", "")).isFalse();
        assertThat(LeaseOwner.named("worker-1", "", ProcessHandle.current().pid()))
                .isEqualTo("worker-1");
    }

    @Test
    void aLongNameLeavesRoomForTheMark() {
        String owner = LeaseOwner.ofThisProcess("w".repeat(300));
        assertThat(owner).hasSize(200).contains(" @" + MACHINE);
        assertThat(LeaseOwner.gone(owner)).isFalse();
    }
}
