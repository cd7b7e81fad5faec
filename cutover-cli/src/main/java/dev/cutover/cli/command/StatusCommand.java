package dev.cutover.cli.command;

import dev.cutover.cli.console.Console;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.status.StatusJson;
import dev.cutover.cli.status.StatusReport;
import dev.cutover.cli.status.StatusText;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.stage.ProofLedger;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.stage.StrayLedger;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cutover status}. */
@Command(
        name = "status",
        header = "Where we are: a picture on a terminal, one line a tick when piped.",
        footer = {
            "",
            "Reads the control database alone, so it answers when the worker or the old server is gone.",
            "",
            "Examples:",
            "  cutover status",
            "  cutover status --watch=5s",
            "  cutover status --exit-on SWITCHED --timeout 10m     0 reached, 3 degraded, 7 not in time",
            "  cutover status -o json"
        })
final class StatusCommand implements Callable<Integer> {
    private static final Duration TICK = Duration.ofSeconds(2);

    @Mixin
    Invocation invocation = new Invocation();

    @Option(
            names = "--watch",
            arity = "0..1",
            fallbackValue = "2s",
            paramLabel = "DURATION",
            description = "Again and again; default every 2s.")
    @Nullable
    Duration watch;

    @Option(names = "--exit-on", paramLabel = "STAGE", description = "Watch until this stage is reached.")
    @Nullable
    Stage exitOn;

    @Option(names = "--timeout", paramLabel = "DURATION", description = "With --exit-on: wait at most so long.")
    @Nullable
    Duration timeout;

    private int drawn;

    @Override
    public Integer call() {
        try (Migration migration = invocation.open()) {
            Console console = invocation.console();
            Duration every = watch;
            Stage awaited = exitOn;
            if (every == null && awaited == null) {
                show(read(migration), console, true);
                return ExitCode.DONE.number();
            }
            Duration tick = every == null ? TICK : every;
            Duration bound = timeout;
            long end = bound == null ? Long.MAX_VALUE : System.nanoTime() + bound.toNanos();
            while (true) {
                StatusReport status = read(migration);
                show(status, console, console.redraws());
                if (awaited != null && status.register().stage().atLeast(awaited)) {
                    return ExitCode.DONE.number();
                }
                if (awaited != null && !status.healthy()) {
                    return ExitCode.DIFFERENCES.number();
                }
                if (System.nanoTime() > end || !Waiting.pause(tick)) {
                    return awaited == null ? ExitCode.DONE.number() : ExitCode.TIMED_OUT.number();
                }
            }
        }
    }

    private static StatusReport read(Migration migration) {
        return StatusReport.read(
                migration.plan(),
                migration.control(),
                new StrayLedger(migration.topology().control()),
                new ProofLedger(migration.topology().control()),
                migration.register());
    }

    private void show(StatusReport status, Console console, boolean picture) {
        console.result("Status", status.register().migration(), StatusJson.of(status), to -> {
            if (!picture) {
                to.line(StatusText.tick(status));
                return;
            }
            to.rewind(drawn);
            List<String> lines = StatusText.lines(status, to);
            to.lines(lines);
            drawn = lines.size();
        });
    }
}
