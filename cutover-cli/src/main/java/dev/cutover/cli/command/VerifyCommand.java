package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.status.Proofs;
import dev.cutover.cli.step.VerifyStep;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.stage.ProofLedger;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.verifier.VerifyOptions.Memory;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code cutover verify once|watch|show}. */
@Command(
        name = "verify",
        header = "Compare both sides, cell by cell; exit code 3 when they differ.",
        footer = {
            "",
            "Examples:",
            "  cutover verify once",
            "  cutover verify once --tables user_coupon",
            "  cutover verify watch --every 10m",
            "  cutover verify show"
        })
final class VerifyCommand implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(VerifyCommand.class);
    private static final Duration EVERY = Duration.ofMinutes(10);
    private static final Duration IN_ORDER = Duration.ofSeconds(60);

    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public void run() {
        throw Subcommands.missing(invocation);
    }

    @Command(
            name = "once",
            header = "One full pass; DYNAMIC_COPIED to VERIFIED when EQUAL.",
            description = {"", "A pass that was killed is gone on with, where nothing has changed since but rows."},
            footer = {
                "",
                "Examples:",
                "  cutover verify once",
                "  cutover verify once --tables user_coupon,coupon_redemption",
                "  cutover verify once --restart"
            })
    int once(
            @Mixin Invocation here,
            @Mixin MutationFlags flags,
            @Option(names = "--tables", split = ",", paramLabel = "NAME", description = "Only these tables.") @Nullable
                    Set<String> tables,
            @Option(names = "--restart", description = "Read everything, also what a killed pass has proven.")
                    boolean restart) {
        Set<String> chosen = chosen(here, tables);
        return new StageRunner(here, flags)
                .run(new VerifyStep(chosen, restart ? Memory.ANEW : Memory.RESUME), Severity.MILD);
    }

    private static Set<String> chosen(Invocation here, @Nullable Set<String> tables) {
        Set<String> chosen = tables == null ? Set.of() : new TreeSet<>(tables);
        MigrationPlan plan = here.plan();
        List<String> known = plan.tables().stream().map(TablePlan::name).toList();
        for (String table : chosen) {
            if (!known.contains(table)) {
                List<String> near = Nearest.among(table, known, 0);
                throw new ParameterException(
                        here.spec().commandLine(),
                        "The plan has no table '" + table + "'."
                                + (near.isEmpty() ? "" : " Did you mean: " + String.join(", ", near) + "?")
                                + " It has " + String.join(", ", known) + ".");
            }
        }
        return chosen;
    }

    @Command(
            name = "watch",
            header = "Pass after pass, each recorded like verify once; it moves no stage and holds no lock.",
            description = {
                "",
                "Ends with the first difference (exit code 3), after --for, or with Ctrl-C after the range in hand",
                "(exit code 0). A line a pass when piped, with -o json an object a line."
            },
            footer = {
                "",
                "Examples:",
                "  cutover verify watch",
                "  cutover verify watch --every 10m --for 2h",
                "  cutover verify watch --tables user_coupon --keep-going -o json"
            })
    int watch(
            @Mixin Invocation here,
            @Option(
                            names = "--every",
                            paramLabel = "DURATION",
                            description =
                                    "From the end of a pass to the next; default verify.continuous of the plan, or 10m.")
                    @Nullable
                    Duration every,
            @Option(
                            names = "--for",
                            paramLabel = "DURATION",
                            description = "No pass begins after so long; the one at work is finished.")
                    @Nullable
                    Duration limit,
            @Option(names = "--tables", split = ",", paramLabel = "NAME", description = "Only these tables.") @Nullable
                    Set<String> tables,
            @Option(names = "--keep-going", description = "Go on when rows differ; the exit code is 3 all the same.")
                    boolean keepGoing) {
        Set<String> chosen = chosen(here, tables);
        Duration planned = here.plan().verify().continuous();
        Duration pause = every != null ? every : planned != null ? planned : EVERY;
        try (Migration migration = here.open()) {
            StageRunner.samePlan(migration.plan(), migration.register());
            VerifyWatch watch = new VerifyWatch(
                    migration, here.console(), new VerifyWatch.Schedule(pause, limit, chosen, keepGoing));
            Thread ending = new Thread(() -> endInOrder(watch), "verify-watch-end");
            Runtime.getRuntime().addShutdownHook(ending);
            try {
                return watch.run();
            } finally {
                watch.finished();
                forget(ending);
            }
        }
    }

    // Who ends a watch has not interrupted anything: the exit code says what it found.
    private static void endInOrder(VerifyWatch watch) {
        watch.end();
        try {
            if (watch.awaitFinished(IN_ORDER)) {
                Runtime.getRuntime().halt(watch.exitCode());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process ends already, and the hook is what ends it.
            LOG.debug("The watch was ended from outside");
        }
    }

    @Command(
            name = "show",
            header =
                    "The last run, and as of when each database is proven equal; rows that differ with the SQL that shows them.",
            footer = {"", "Examples:", "  cutover verify show", "  cutover verify show -o json"})
    int show(@Mixin Invocation here) {
        try (Migration migration = here.open()) {
            Register register = migration.register();
            Proofs proofs = Proofs.read(
                    new ProofLedger(migration.topology().control()),
                    register,
                    migration.control().now());
            VerificationRecord run = migration
                    .control()
                    .lastVerification()
                    .orElseThrow(() -> new CommandFailedException(
                            Problem.GATE_NOT_MET, "Nothing was verified yet.", "cutover verify once"));
            JsonNode report = Json.parse(run.reportJson());
            ObjectNode body = Json.object();
            body.put("runId", run.runId());
            body.put("verdict", run.verdict().name());
            body.set("report", report);
            proofs.into(body);
            here.console().result("Verification", migration.plan().migration(), body, to -> {
                to.line(run.verdict() + "  run " + run.runId() + "  " + Json.time(run.finishedAt()) + "  scope "
                        + run.scope() + "  " + Numbers.grouped(run.rowCount()) + " rows, "
                        + Numbers.grouped(run.differences()) + " differences");
                proofs.lines().forEach(line -> to.line("  " + line));
                if (report != null) {
                    for (JsonNode difference : report.path("differences")) {
                        to.line("  " + difference.path("table").asText() + " "
                                + difference.path("kind").asText() + " "
                                + difference.path("database").asText() + "."
                                + difference.path("physicalTable").asText() + "  key "
                                + difference.path("sourceKey"));
                        to.line("    old  " + difference.path("sourceSql").asText());
                        to.line("    new  " + difference.path("targetSql").asText());
                    }
                    report.path("notChecked").forEach(text -> to.line("  not checked: " + text.asText()));
                }
            });
            return run.verdict() == VerificationRecord.Verdict.EQUAL
                            && proofs.differences().isEmpty()
                    ? ExitCode.DONE.number()
                    : ExitCode.DIFFERENCES.number();
        }
    }
}
