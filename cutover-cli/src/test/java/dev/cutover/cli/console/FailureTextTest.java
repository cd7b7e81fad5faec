package dev.cutover.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailureTextTest {
    private final CommandFailedException failure = new CommandFailedException(
            Problem.GATE_NOT_MET,
            "cutover switch is refused: 1 of 9 gates is not met.",
            "cutover verify once",
            List.of("verified: stale"));

    private String printed(OutputFormat format) {
        StringWriter text = new StringWriter();
        PrintWriter writer = new PrintWriter(text, true);
        FailureText.print(
                new Console(writer, writer, format, false, false, Prompt.absent()),
                failure,
                Path.of("/log/cutover.log"));
        return text.toString();
    }

    @Test
    void saysWhatHappenedOneFixACodeAndWhereTheLogIs() {
        assertThat(printed(OutputFormat.TEXT)).isEqualTo("""
                cutover: cutover switch is refused: 1 of 9 gates is not met.
                  - verified: stale
                  fix   cutover verify once
                  code  CUT-0402   log  /log/cutover.log
                """);
    }

    @Test
    void isOneLineOfJsonForScripts() {
        assertThat(printed(OutputFormat.JSON).lines())
                .hasSize(1)
                .first()
                .satisfies(line -> assertThat(line)
                        .contains("\"kind\":\"Failure\"")
                        .contains("\"exitCode\":4")
                        .contains("\"details\":[\"verified: stale\"]"));
    }
}
