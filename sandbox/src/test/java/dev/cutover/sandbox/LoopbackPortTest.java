package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

final class LoopbackPortTest {
    @Test
    void isFreeAndBelowThePortsThatClientsAreGiven() throws IOException {
        int port = LoopbackPort.free();
        assertThat(port).isBetween(10_000, Math.max(LoopbackPort.ephemeralStart(), 11_000) - 1);
        try (ServerSocket listener = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            assertThat(LoopbackPort.isFree(listener.getLocalPort())).isFalse();
        }
        assertThat(LoopbackPort.isFree(port)).isTrue();
    }

    @Test
    void readsTheWholeNumberThatTheKernelTells() {
        // Linux refuses a range below 1,024 to users without privileges; a misread number is one digit.
        assertThat(LoopbackPort.ephemeralStart()).isBetween(1_024, 65_535);
    }
}
