package dev.cutover.core.failpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FailpointFileTest {
    @TempDir
    @SuppressWarnings("FieldCanBeFinal") // JUnit sets it
    private Path folder = Path.of("");

    private Path file() {
        return folder.resolve("failpoints");
    }

    @Test
    void withoutAFileNothingHappensAndWhatWasReachedIsStillWrittenDown() throws IOException {
        FailpointFile points = new FailpointFile(file());
        points.hit(Failpoint.APPLY_DIRTY);
        points.hit(Failpoint.APPLY_DIRTY);
        assertThat(Files.readAllLines(folder.resolve("failpoints.seen"))).containsExactly("apply.dirty");
    }

    @Test
    void aPointActsOnceAtTheTimeThatWasAskedFor() throws IOException {
        Files.writeString(file(), "apply.dirty=throw@3\n");
        FailpointFile points = new FailpointFile(file());
        points.hit(Failpoint.APPLY_DIRTY);
        points.hit(Failpoint.APPLY_FETCHED);
        points.hit(Failpoint.APPLY_DIRTY);
        assertThatThrownBy(() -> points.hit(Failpoint.APPLY_DIRTY)).isInstanceOf(FailpointReachedException.class);
        points.hit(Failpoint.APPLY_DIRTY);
        assertThat(Files.readAllLines(folder.resolve("failpoints.seen")))
                .containsExactly("apply.dirty", "apply.fetched", "apply.dirty throw");
    }

    @Test
    void aRunningProcessFollowsItsFile() throws IOException {
        FailpointFile points = new FailpointFile(file());
        assertThat(points.planted("noEpoch")).isFalse();
        Files.writeString(file(), "planted=noEpoch\n");
        Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> points.planted("noEpoch"));
        Files.writeString(file(), "");
        Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> !points.planted("noEpoch"));
    }

    @Test
    void aLineThatAsksForNothingIsRefused() throws IOException {
        Files.writeString(file(), "apply.dirty=explode\n");
        assertThatThrownBy(() -> new FailpointFile(file())).hasMessageContaining("apply.dirty=explode");
        Files.writeString(file(), "apply.nowhere=halt\n");
        assertThatThrownBy(() -> new FailpointFile(file())).hasMessageContaining("apply.nowhere");
    }
}
