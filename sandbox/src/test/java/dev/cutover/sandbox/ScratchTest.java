package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchTest {
    private static final Path SHM = Path.of("/dev/shm");

    @TempDir
    private Path disk;

    @Test
    void theFolderTheUserNamesWins() {
        assertThat(Scratch.choose(Map.of("CUTOVER_SANDBOX_DIR", "/srv/there"), SHM, disk, disk))
                .isEqualTo(Path.of("/srv/there"));
    }

    @Test
    void aFolderThatIsNotMemoryIsNotTakenForMemory() throws IOException {
        Path plenty = Files.writeString(disk.resolve("meminfo"), "MemAvailable:  99999999 kB\n");
        assertThat(Scratch.choose(Map.of(), disk.resolve("absent"), plenty, disk))
                .isEqualTo(disk);
    }

    @Test
    void aMachineWithLittleMemoryUsesItsDisk() throws IOException {
        Path little = Files.writeString(disk.resolve("meminfo"), "MemTotal: 9 kB\nMemAvailable:     1000000 kB\n");
        assertThat(Scratch.choose(Map.of(), SHM, little, disk)).isEqualTo(disk);
        assertThat(Scratch.choose(Map.of(), SHM, disk.resolve("no-such-file"), disk))
                .isEqualTo(disk);
    }
}
