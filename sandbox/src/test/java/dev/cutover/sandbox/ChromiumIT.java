package dev.cutover.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChromiumIT {
    @Test
    void aBrowserThatStartsAndItsDriverAreFoundOrFetchedWithoutRoot() {
        Chromium chromium = Chromium.ofThisMachine();
        for (Path binary : new Path[] {chromium.browser(), chromium.driver()}) {
            String said = Command.of(binary.toString(), "--version")
                    .withEnvironment(chromium.environment())
                    .withBound(Duration.ofMinutes(1))
                    .run()
                    .output();
            assertThat(said).matches("(?s).*\\d+\\.\\d+\\.\\d+\\.\\d+.*");
        }
    }

    @Test
    void theOneOnThePathIsTakenWhenItHasItsDriver(@TempDir Path folder) throws IOException {
        Path browser = Files.createFile(folder.resolve("chromium"));
        assertThat(browser.toFile().setExecutable(true)).isTrue();
        assertThat(Chromium.onPath(folder.toString())).isEmpty();
        Path driver = Files.createFile(folder.resolve("chromedriver"));
        assertThat(driver.toFile().setExecutable(true)).isTrue();
        assertThat(Chromium.onPath("/nowhere:" + folder)).hasValueSatisfying(found -> {
            assertThat(found.browser()).isEqualTo(browser);
            assertThat(found.driver()).isEqualTo(driver);
        });
    }
}
