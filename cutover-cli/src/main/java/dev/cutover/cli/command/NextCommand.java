package dev.cutover.cli.command;

import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.step.StageOrder;
import dev.cutover.core.stage.Register;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code cutover next}. */
@Command(
        name = "next",
        header = "Run the next stage, with its own gates and its own question.",
        footer = {"", "Examples:", "  cutover next --dry-run", "  cutover next --yes"})
final class NextCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Mixin
    MutationFlags flags = new MutationFlags();

    @Override
    public Integer call() {
        @Nullable String next;
        String migrationName;
        try (Migration migration = invocation.open()) {
            Register register = migration.register();
            next = StageOrder.nextCommand(migration.plan(), register.stage());
            migrationName = migration.plan().migration();
        }
        if (next == null) {
            invocation
                    .console()
                    .result(
                            "Step",
                            migrationName,
                            Json.object().put("already", true),
                            to -> to.line("Nothing is left to do: the migration is COMPLETED."));
            return ExitCode.DONE.number();
        }
        invocation.console().note("cutover " + next);
        CutoverCommand root = invocation.root();
        CommandLine line = invocation.spec().commandLine();
        return CutoverCommandLine.execute(
                root.surroundings(),
                line.getOut(),
                line.getErr(),
                words(next, root).toArray(new String[0]));
    }

    private List<String> words(String next, CutoverCommand root) {
        List<String> words = new ArrayList<>(List.of(next.split(" ", -1)));
        Path file = root.file;
        if (file != null) {
            words.add("--file=" + file);
        }
        words.add("--output=" + root.output);
        words.add("--color=" + root.colour);
        add(words, root.quiet, "--quiet");
        add(words, root.noInput, "--no-input");
        add(words, flags.dryRun, "--dry-run");
        add(words, flags.yes, "--yes");
        String confirm = flags.confirm;
        add(words, confirm != null, "--confirm=" + confirm);
        String reason = flags.reason;
        add(words, reason != null, "--reason=" + reason);
        return words;
    }

    private static void add(List<String> words, boolean given, String word) {
        if (given) {
            words.add(word);
        }
    }
}
