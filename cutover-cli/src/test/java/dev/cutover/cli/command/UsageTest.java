package dev.cutover.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cutover.cli.console.Prompt;
import dev.cutover.migrator.Preflight;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class UsageTest {
    @TempDir
    Path folder = Path.of("");

    @Test
    void aMistypedCommandIsAUsageErrorThatNamesTheRightOne() {
        TypedCommand typed = TypedCommand.run(folder, "statsu");
        assertThat(typed.exitCode()).isEqualTo(2);
        assertThat(typed.out()).isEmpty();
        assertThat(typed.err())
                .contains("Did you mean: cutover status")
                .contains("fix   cutover --help")
                .contains("CUT-0201");
    }

    @Test
    void aMistypedOptionIsAUsageErrorThatNamesTheRightOne() {
        TypedCommand typed = TypedCommand.run(folder, "switch", "--dry-rnu");
        assertThat(typed.exitCode()).isEqualTo(2);
        assertThat(typed.err()).contains("Did you mean: --dry-run").contains("cutover switch --help");
    }

    @Test
    void anUnknownStageListsTheStages() {
        TypedCommand typed = TypedCommand.run(folder, "rollback", "--to", "DUALWRITE");
        assertThat(typed.exitCode()).isEqualTo(2);
        assertThat(typed.err()).contains("did you mean DUAL_WRITE").contains("DYNAMIC_COPIED");
    }

    @Test
    void failuresAreJsonWhenResultsAre() throws IOException {
        TypedCommand typed = TypedCommand.run(folder, "switch", "--dry-rnu", "-o", "json");
        assertThat(typed.out()).isEmpty();
        JsonNode failure = new ObjectMapper().readTree(typed.err());
        assertThat(failure.path("kind").asText()).isEqualTo("Failure");
        assertThat(failure.path("exitCode").asInt()).isEqualTo(2);
        assertThat(failure.path("code").asText()).isEqualTo("CUT-0201");
        assertThat(failure.path("fix").asText()).isEqualTo("cutover switch --help");
    }

    @Test
    void aMissingPlanSaysWhereItWasLookedFor() {
        TypedCommand typed = TypedCommand.run(folder, "status");
        assertThat(typed.exitCode()).isEqualTo(10);
        assertThat(typed.err())
                .contains(folder.resolve("cutover.yaml").toString())
                .contains("CUTOVER_CONFIG");
    }

    @Test
    void aBadPlanListsEveryProblemAtOnce() throws IOException {
        Files.writeString(
                folder.resolve("cutover.yaml"),
                "apiVersion: cutover/v1\nmigration: m\nstrategy: rollling\ntables: []\nwhatever: 1\n");
        TypedCommand typed = TypedCommand.run(folder, "config", "validate");
        assertThat(typed.exitCode()).isEqualTo(10);
        assertThat(typed.err()).contains("rollling").contains("whatever").contains("'old'");
        assertThat(typed.err()).doesNotContain("Exception").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"freeze", "copy", "dual-write", "verify", "reads", "repair", "config", "fence", "stop-the-world"
            })
    void aGroupWithoutAVerbNamesItsVerbs(String group) {
        TypedCommand typed = TypedCommand.run(folder, group);
        assertThat(typed.exitCode()).isEqualTo(2);
        assertThat(typed.err()).contains("wants one of");
    }

    @Test
    void globalOptionsStandBeforeOrAfterTheCommand() {
        assertThat(TypedCommand.run(folder, "-o", "json", "status").err()).startsWith("{");
        assertThat(TypedCommand.run(folder, "status", "-o", "json").err()).startsWith("{");
    }

    @Test
    void theHelpIsAsItWas() throws IOException {
        TypedCommand typed = TypedCommand.run(folder, "--help");
        assertThat(typed.exitCode()).isZero();
        assertThat(typed.out()).isEqualTo(golden("help.txt"));
    }

    @Test
    void theHelpOfTheSwitchIsAsItWas() throws IOException {
        assertThat(TypedCommand.run(folder, "switch", "--help").out()).isEqualTo(golden("help-switch.txt"));
        assertThat(TypedCommand.run(folder, "help", "switch").out()).isEqualTo(golden("help-switch.txt"));
    }

    @Test
    void theHelpOfPreflightNamesEveryCheck() {
        String help = TypedCommand.run(folder, "preflight", "--help").out();
        String checks = help.substring(help.indexOf("Checks: ") + "Checks: ".length(), help.indexOf("Examples:"));
        assertThat(checks.strip().split("[,\\s]+")).containsExactlyElementsOf(Preflight.checks());
    }

    @Test
    void everyCommandHasAHeaderAndAnExample() {
        CommandLine root =
                CutoverCommandLine.create(new Surroundings(Map.of(), folder, Prompt.absent(), false, folder, ""));
        everyCommandHasAHeaderAndAnExample(root);
    }

    @Test
    void everyCommandIsListedByItsOwnName() {
        CommandList.commands()
                .forEach((name, type) -> assertThat(
                                type.getAnnotation(CommandLine.Command.class).name())
                        .isEqualTo(name));
    }

    private static void everyCommandHasAHeaderAndAnExample(CommandLine line) {
        var usage = line.getCommandSpec().usageMessage();
        String name = line.getCommandSpec().qualifiedName();
        assertThat(usage.header()).as(name).isNotEmpty();
        assertThat(List.of(usage.footer())).as(name).anyMatch(text -> text.startsWith("Example"));
        line.getSubcommands().values().forEach(UsageTest::everyCommandHasAHeaderAndAnExample);
    }

    private static String golden(String name) throws IOException {
        try (InputStream stream = Objects.requireNonNull(UsageTest.class.getResourceAsStream(name), name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
