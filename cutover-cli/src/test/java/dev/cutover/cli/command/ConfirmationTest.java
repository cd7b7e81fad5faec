package dev.cutover.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cutover.cli.console.Console;
import dev.cutover.cli.console.OutputFormat;
import dev.cutover.cli.console.Prompt;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ConfirmationTest {
    private final StringWriter printed = new StringWriter();

    private void require(Severity severity, MutationFlags flags, Prompt prompt) {
        PrintWriter writer = new PrintWriter(printed, true);
        Console console = new Console(writer, writer, OutputFormat.TEXT, false, false, prompt);
        Confirmation.require(
                severity, "cutover switch", "mall", List.of("  1 close everything"), flags, false, console);
    }

    private static Prompt answering(@Nullable String answer) {
        return new Prompt() {
            @Override
            public @Nullable String ask(String question) {
                return answer;
            }

            @Override
            public boolean present() {
                return true;
            }
        };
    }

    @Test
    void aMildChangeRunsWithoutAQuestion() {
        assertThatCode(() -> require(Severity.MILD, new MutationFlags(), Prompt.absent()))
                .doesNotThrowAnyException();
    }

    @Test
    void aModerateChangeInAScriptWantsYesAndShowsWhatItWouldDo() {
        assertThatThrownBy(() -> require(Severity.MODERATE, new MutationFlags(), Prompt.absent()))
                .isInstanceOfSatisfying(CommandFailedException.class, refused -> {
                    assertThat(refused.problem().exit()).isEqualTo(ExitCode.NOT_CONFIRMED);
                    assertThat(refused.fix()).isEqualTo("cutover switch --yes");
                });
        assertThat(printed.toString()).contains("close everything");
        MutationFlags yes = new MutationFlags();
        yes.yes = true;
        assertThatCode(() -> require(Severity.MODERATE, yes, Prompt.absent())).doesNotThrowAnyException();
    }

    @Test
    void aModerateChangeOnATerminalTakesOnlyAYes() {
        assertThatCode(() -> require(Severity.MODERATE, new MutationFlags(), answering("y")))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> require(Severity.MODERATE, new MutationFlags(), answering("")))
                .isInstanceOf(CommandFailedException.class);
        assertThatThrownBy(() -> require(Severity.MODERATE, new MutationFlags(), answering(null)))
                .isInstanceOf(CommandFailedException.class);
    }

    @Test
    void aSevereChangeIsNotSatisfiedByYes() {
        MutationFlags yes = new MutationFlags();
        yes.yes = true;
        assertThatThrownBy(() -> require(Severity.SEVERE, yes, Prompt.absent()))
                .isInstanceOfSatisfying(
                        CommandFailedException.class,
                        refused -> assertThat(refused.fix()).contains("--confirm=mall"));
    }

    @Test
    void aSevereChangeInAScriptWantsTheNameAndAReason() {
        MutationFlags flags = new MutationFlags();
        flags.confirm = "other";
        flags.reason = "because";
        assertThatThrownBy(() -> require(Severity.SEVERE, flags, Prompt.absent()))
                .hasMessageContaining("this plan moves 'mall'");
        flags.confirm = "mall";
        flags.reason = null;
        assertThatThrownBy(() -> require(Severity.SEVERE, flags, Prompt.absent()))
                .hasMessageContaining("reason");
        flags.reason = "because";
        assertThatCode(() -> require(Severity.SEVERE, flags, Prompt.absent())).doesNotThrowAnyException();
    }

    @Test
    void aSevereChangeOnATerminalWantsTheNameTyped() {
        assertThatCode(() -> require(Severity.SEVERE, new MutationFlags(), answering("mall")))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> require(Severity.SEVERE, new MutationFlags(), answering("yes")))
                .isInstanceOf(CommandFailedException.class);
    }
}
