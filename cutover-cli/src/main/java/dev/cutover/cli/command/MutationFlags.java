package dev.cutover.cli.command;

import dev.cutover.core.stage.Stage;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags that every command takes which changes something. */
final class MutationFlags {
    @Option(names = "--dry-run", description = "Show the ordered steps and the gates, change nothing.")
    boolean dryRun;

    @Option(
            names = {"-y", "--yes"},
            description = "Agree to a moderate change without being asked.")
    boolean yes;

    @Option(names = "--confirm", paramLabel = "NAME", description = "Agree to a severe change by the migration's name.")
    @Nullable
    String confirm;

    @Option(names = "--reason", paramLabel = "TEXT", description = "Why; stored with the event.")
    @Nullable
    String reason;

    @Option(
            names = "--expect-stage",
            paramLabel = "STAGE",
            description = "Fail with exit code 8 unless the migration is in this stage.")
    @Nullable
    Stage expectStage;

    @Option(names = "--expect-epoch", paramLabel = "N", description = "Fail with exit code 8 unless this is the epoch.")
    @Nullable
    Long expectEpoch;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            description = "Give up after this long, e.g. 30s; what was begun is undone or can be resumed.")
    @Nullable
    Duration timeout;
}
