package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SandboxCacheTest {
    @TempDir
    private Path folder;

    /** Asks for one entry and writes a line for each time it was the one to fill it. */
    static final class Asker {
        private Asker() {}

        public static void main(String[] arguments) {
            Path folder = Path.of(arguments[0]);
            new SandboxCache(folder.resolve("cache")).entry("thing", partial -> {
                Files.writeString(
                        folder.resolve("fills"), "fill\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                Files.writeString(partial.resolve("file"), "content");
            });
        }
    }

    @Test
    void isWhereTheUserWantsIt() {
        assertThat(SandboxCache.locate(Map.of("CUTOVER_SANDBOX_CACHE", "/a", "XDG_CACHE_HOME", "/b"), "/home/c"))
                .isEqualTo(Path.of("/a"));
        assertThat(SandboxCache.locate(Map.of("CUTOVER_SANDBOX_CACHE", "", "XDG_CACHE_HOME", "/b"), "/home/c"))
                .isEqualTo(Path.of("/b/cutover/sandbox"));
        assertThat(SandboxCache.locate(Map.of(), "/home/c")).isEqualTo(Path.of("/home/c/.cache/cutover/sandbox"));
    }

    @Test
    void fillsAnEntryOnceForSeveralJvms() throws IOException, InterruptedException {
        List<Process> askers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            askers.add(JavaChild.start(Asker.class, folder.toString()));
        }
        for (Process asker : askers) {
            assertThat(asker.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(asker.exitValue()).isZero();
        }
        assertThat(folder.resolve("fills")).hasContent("fill\n");
        assertThat(folder.resolve("cache/thing/file")).hasContent("content");
    }

    @Test
    void hasNoEntryThatIsHalfFilledAndFillsItAtTheNextAsking() throws IOException {
        SandboxCache cache = new SandboxCache(folder);
        assertThatThrownBy(() -> cache.entry("thing", partial -> {
                    Files.writeString(partial.resolve("half"), "");
                    throw new IOException("disk full");
                }))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("disk full")
                .hasMessageContaining("CUTOVER_SANDBOX_CACHE");
        assertThat(folder)
                .isDirectoryNotContaining(path -> path.getFileName().toString().contains("thing"));

        Files.createDirectory(folder.resolve(".thing-left-by-a-killed-jvm"));
        Path entry = cache.entry("thing", partial -> Files.writeString(partial.resolve("whole"), ""));
        assertThat(entry).isDirectoryContaining("glob:**/whole").isDirectoryNotContaining("glob:**/half");
        assertThat(folder)
                .isDirectoryNotContaining(path -> path.getFileName().toString().startsWith("."));
    }
}
