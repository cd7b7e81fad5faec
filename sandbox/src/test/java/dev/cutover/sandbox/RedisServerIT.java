package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class RedisServerIT {
    @Test
    void answersForgetsOverACrashAndEnds() throws IOException {
        RedisServer server = RedisServer.start("cache");
        try (server) {
            int port = server.port();
            assertThat(ask(server, "PING")).isEqualTo("+PONG");
            assertThat(ask(server, "SET k v")).isEqualTo("+OK");

            server.kill();
            assertThat(server.isRunning()).isFalse();
            assertThatThrownBy(() -> ask(server, "PING")).isInstanceOf(ConnectException.class);

            server.restart();
            assertThat(server.port()).isEqualTo(port);
            assertThat(ask(server, "GET k")).isEqualTo("$-1");
        }
        assertThat(server.process().isAlive()).isFalse();
    }

    @Test
    void takesFlagsOfItsUser() throws IOException {
        try (RedisServer server = RedisServer.start("small", 0, "--maxmemory", "64mb")) {
            assertThat(ask(server, "INFO memory")).startsWith("$");
            assertThat(ask(server, "CONFIG GET maxmemory")).isEqualTo("*2");
        }
    }

    @Test
    void saysThatItsPortIsTaken() {
        try (RedisServer first = RedisServer.start("first")) {
            int taken = first.port();
            assertThatThrownBy(() -> RedisServer.start("second", taken))
                    .isInstanceOf(SandboxException.class)
                    .hasMessageContaining("redis-server 'second' cannot start: port " + taken + " is taken");
        }
    }

    private static String ask(RedisServer server, String command) throws IOException {
        URI uri = URI.create(server.uri());
        assertThat(uri.getScheme()).isEqualTo("redis");
        try (Socket socket = new Socket(uri.getHost(), uri.getPort());
                BufferedReader reader =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
            return reader.readLine();
        }
    }
}
