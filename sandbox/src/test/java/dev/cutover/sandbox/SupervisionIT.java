package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SupervisionIT {
    private static final String SERVERS = "servers ";

    @TempDir
    private Path parent;

    /** Starts both servers, one of them hanging, says their process ids, and lives until its input ends. */
    static final class Owner {
        private Owner() {}

        @SuppressWarnings("SystemOut") // standard output is how it talks to the test
        public static void main(String[] arguments) throws IOException {
            MySqlServer mysql =
                    MySqlServer.start(MySqlServer.Options.named("owned").withParent(Path.of(arguments[0])));
            RedisServer redis = RedisServer.start("owned");
            redis.stopProcess();
            System.out.println(
                    SERVERS + mysql.process().pid() + " " + redis.process().pid());
            int ended = System.in.read();
            assertThat(ended).isEqualTo(-1);
        }
    }

    @Test
    void killsTheServersAndDeletesTheirFoldersWhenTheJvmIsKilled() throws IOException, InterruptedException {
        Process owner = JavaChild.start(Owner.class, parent.toString());
        Servers servers = serversOf(owner);
        assertThat(parent).isNotEmptyDirectory();
        owner.destroyForcibly();
        assertThat(owner.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertGone(servers);
    }

    @Test
    void killsTheServersAndDeletesTheirFoldersWhenTheJvmEndsWithoutClosingThem()
            throws IOException, InterruptedException {
        Process owner = JavaChild.start(Owner.class, parent.toString());
        Servers servers = serversOf(owner);
        owner.getOutputStream().close();
        assertThat(owner.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(owner.exitValue()).isZero();
        assertGone(servers);
    }

    private void assertGone(Servers servers) {
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            assertThat(servers.mysql().isAlive()).isFalse();
            assertThat(servers.redis().isAlive()).isFalse();
            assertThat(parent).isEmptyDirectory();
        });
    }

    private record Servers(ProcessHandle mysql, ProcessHandle redis) {}

    private static Servers serversOf(Process owner) throws IOException {
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(owner.getInputStream(), StandardCharsets.UTF_8));
        String line = reader.readLine();
        while (line != null && !line.startsWith(SERVERS)) {
            line = reader.readLine();
        }
        assertThat(line).as("the child JVM names its servers").isNotNull();
        String[] pids = line.substring(SERVERS.length()).split(" ", -1);
        return new Servers(alive(pids[0]), alive(pids[1]));
    }

    private static ProcessHandle alive(String pid) {
        return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
    }
}
