package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.VerifyStep;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.verifier.VerifyOptions.Memory;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code cutover verify once|show}. */
@Command(
        name = "verify",
        header = "Compare both sides, cell by cell; exit code 3 when they differ.",
        footer = {
            "",
            "Examples:",
            "  cutover verify once",
            "  cutover verify once --tables user_coupon",
            "  cutover verify show"
        })
final class VerifyCommand implements Runnable {
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
        return new StageRunner(here, flags)
                .run(new VerifyStep(chosen, restart ? Memory.ANEW : Memory.RESUME), Severity.MILD);
    }

    @Command(
            name = "show",
            header = "The last run: verdict, and the rows that differ with the SQL that shows them.",
            footer = {"", "Examples:", "  cutover verify show", "  cutover verify show -o json"})
    int show(@Mixin Invocation here) {
        try (Migration migration = here.open()) {
            migration.register();
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
            here.console().result("Verification", migration.plan().migration(), body, to -> {
                to.line(run.verdict() + "  run " + run.runId() + "  " + Json.time(run.finishedAt()) + "  scope "
                        + run.scope() + "  " + Numbers.grouped(run.rowCount()) + " rows, "
                        + Numbers.grouped(run.differences()) + " differences");
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
                    ? ExitCode.DONE.number()
                    : ExitCode.DIFFERENCES.number();
        }
    }
}
