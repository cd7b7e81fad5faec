package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shells play the part of the server, so that each way of failing can be had at will. */
final class ServerRunIT {
    private static final Duration BOUND = Duration.ofSeconds(20);
    private static final String READY_THEN_STAY = "echo ready >>\"$0\"; exec tail -f /dev/null";

    @TempDir
    private Path folder;

    @Test
    void triesAnotherPortWhenSomebodyTakesTheFirstOneBeforeTheServerBinds() {
        List<Integer> asked = new ArrayList<>();
        ServerRun run = ServerRun.start(
                0,
                port -> {
                    asked.add(port);
                    return shell(asked.size() == 1 ? "echo 'bind: Address already in use'; exit 1" : READY_THEN_STAY);
                },
                BOUND);
        assertThat(asked).hasSize(2).doesNotHaveDuplicates().last().isEqualTo(run.port());
        run.process().kill();
    }

    @Test
    void doesNotTryAgainWhenTheServerEndsForAnotherReason() {
        List<Integer> asked = new ArrayList<>();
        assertThatThrownBy(() -> ServerRun.start(
                        0,
                        port -> {
                            asked.add(port);
                            return shell("echo 'disk is full' >>\"$0\"; exit 3");
                        },
                        BOUND))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("a shell did not start")
                .hasMessageContaining("disk is full");
        assertThat(asked).hasSize(1);
    }

    @Test
    void killsAServerThatIsNotReadyInTime() {
        assertThatThrownBy(() -> ServerRun.start(
                        0, port -> shell("echo $$ >\"$0.pid\"; exec tail -f /dev/null"), Duration.ofSeconds(1)))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("not ready in time");
        assertThat(folder.resolve("log.pid"))
                .content()
                .satisfies(pid -> assertThat(ProcessHandle.of(Long.parseLong(pid.strip())))
                        .isEmpty());
    }

    private ServerRun.Launch shell(String script) {
        Path log = folder.resolve("log");
        return new ServerRun.Launch(
                "a shell",
                List.of("/bin/sh", "-c", script, log.toString()),
                Map.of(),
                folder,
                log,
                "ready",
                SupervisedProcess.Orphaned.KEEP_FOLDER);
    }
}
