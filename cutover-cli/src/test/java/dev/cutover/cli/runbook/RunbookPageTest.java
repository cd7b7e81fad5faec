package dev.cutover.cli.runbook;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunbookPageTest {
    @TempDir
    Path folder = Path.of("");

    @Test
    void aPageIsItsCommandsWithWhatTheyPromise() throws IOException {
        Path file = Files.writeString(folder.resolve("page.md"), """
                # Page

                ```console
                $ cutover init --yes
                ✔ Installed …
                $ cutover status
                ```

                See `cutover verify show`. **Way back.** `cutover freeze off`.

                ```text
                $ rm -rf /
                ```
                """);
        RunbookPage page = RunbookPage.read(file);
        assertThat(page.commands())
                .containsExactly(
                        new RunbookPage.Typed(4, "cutover init --yes", List.of("✔ Installed …")),
                        new RunbookPage.Typed(6, "cutover status", List.of()));
        assertThat(page.fences()).containsExactly("console", "text");
        assertThat(page.wayBack()).containsExactly("cutover freeze off");
        assertThat(page.mentioned()).containsExactly("cutover verify show", "cutover freeze off");
    }

    @Test
    void aPromiseIsKeptByLinesInItsOrderWithAnythingWhereItVaries() {
        RunbookPage.Typed typed = new RunbookPage.Typed(1, "cutover x", List.of("✔ … rows (…", "Next: …"));
        assertThat(typed.missingIn("noise\n✔ 12 rows (4 tables)\n  Next:  y\n")).isEmpty();
        assertThat(typed.missingIn("Next:  y\n✔ 12 rows (4 tables)\n")).containsExactly("Next: …");
        assertThat(typed.missingIn("✔ 12 row (4 tables)\nNext:  y\n")).containsExactly("✔ … rows (…");
    }
}
