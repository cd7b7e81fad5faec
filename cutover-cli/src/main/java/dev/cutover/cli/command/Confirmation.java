package dev.cutover.cli.command;

import dev.cutover.cli.console.Console;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Lets a change pass only when somebody agreed to it; an argument-free command in a script never changes anything. */
final class Confirmation {
    private Confirmation() {}

    /**
     * Returns when the change is agreed to.
     *
     * @param what the command as typed, such as {@code cutover switch}
     * @param outline what will happen, shown before the question
     */
    static void require(
            Severity severity,
            String what,
            String migration,
            List<String> outline,
            MutationFlags flags,
            boolean noInput,
            Console console) {
        switch (severity) {
            case MILD -> {}
            case MODERATE -> moderate(what, outline, flags, noInput, console);
            case SEVERE -> severe(what, migration, outline, flags, noInput, console);
        }
    }

    private static void moderate(
            String what, List<String> outline, MutationFlags flags, boolean noInput, Console console) {
        if (flags.yes) {
            return;
        }
        outline.forEach(console::note);
        if (noInput || !console.prompt().present()) {
            throw new CommandFailedException(
                    Problem.CONFIRMATION_MISSING,
                    what + " changes the migration and nobody is there to ask.",
                    what + " --yes");
        }
        @Nullable String answer = console.prompt().ask("Go on? [y/N] ");
        if (answer == null || !List.of("y", "yes").contains(answer.toLowerCase(Locale.ROOT))) {
            throw new CommandFailedException(
                    Problem.CONFIRMATION_MISSING, what + " was not agreed to.", what + "   and answer y, or  --yes");
        }
    }

    private static void severe(
            String what,
            String migration,
            List<String> outline,
            MutationFlags flags,
            boolean noInput,
            Console console) {
        String spelled = what + " --confirm=" + migration + " --reason='…'";
        @Nullable String confirm = flags.confirm;
        if (confirm != null) {
            if (!confirm.equals(migration)) {
                throw new CommandFailedException(
                        Problem.CONFIRMATION_MISSING,
                        "--confirm says '" + confirm + "', but this plan moves '" + migration + "'.",
                        spelled);
            }
            if (flags.reason == null || flags.reason.isBlank()) {
                throw new CommandFailedException(
                        Problem.CONFIRMATION_MISSING,
                        what + " wants a reason, which is stored with the event.",
                        spelled);
            }
            return;
        }
        outline.forEach(console::note);
        if (noInput || !console.prompt().present()) {
            throw new CommandFailedException(
                    Problem.CONFIRMATION_MISSING,
                    what + " moves the truth and nobody is there to ask; --yes is not enough for it.",
                    spelled);
        }
        @Nullable String answer = console.prompt().ask("Type the name of the migration to go on: ");
        if (!migration.equals(answer)) {
            throw new CommandFailedException(
                    Problem.CONFIRMATION_MISSING, what + " was not agreed to.", what + "   and type " + migration);
        }
    }
}
