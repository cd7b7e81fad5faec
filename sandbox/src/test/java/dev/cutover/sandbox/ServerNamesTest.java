package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class ServerNamesTest {
    @Test
    void findsTheArchiveForTheMachine() {
        assertThat(MySqlDistribution.archiveName("Linux", "amd64")).isEqualTo("mysql-Linux-amd64.tar.gz");
        assertThat(MySqlDistribution.archiveName("Mac OS X", "aarch64")).isEqualTo("mysql-Mac_OS_X-x86_64.tar.gz");
        assertThat(RedisServer.binaryName("Linux", "amd64")).isEqualTo("redis-server-6.2.6-v5-linux-amd64");
        assertThat(RedisServer.binaryName("Linux", "aarch64")).isEqualTo("redis-server-6.2.7-linux-arm64");
    }

    @Test
    void refusesANameThatIsAPathAndAPortThatIsNone() {
        assertThatThrownBy(() -> MySqlServer.Options.named("../etc")).isInstanceOf(SandboxException.class);
        assertThatThrownBy(() -> MySqlServer.Options.named("a").withPort(70_000))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("70000");
    }
}
