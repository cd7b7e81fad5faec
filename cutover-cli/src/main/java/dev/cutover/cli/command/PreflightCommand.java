package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.migrator.Finding;
import dev.cutover.migrator.Preflight;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code cutover preflight}. */
@Command(
        name = "preflight",
        header = "Can old be read and new be written, and will the promise hold? Read-only; exit code 4 when not.",
        footer = {
            "",
            "Checks: reachable, version, binlog, durability, retention, disk, xa, time-zones, packets,",
            "        grants, source-tables, triggers, foreign-keys, projection, back, shard-key,",
            "        collations, target-tables",
            "",
            "Examples:",
            "  cutover preflight",
            "  cutover preflight --only binlog,shard-key",
            "  cutover preflight --strict"
        })
final class PreflightCommand implements Callable<Integer> {
    @Mixin
    Invocation invocation = new Invocation();

    @Option(names = "--only", split = ",", paramLabel = "CHECK", description = "Only these checks.")
    @Nullable
    Set<String> only;

    @Option(names = "--strict", description = "Warnings end with exit code 3.")
    boolean strict;

    @Override
    public Integer call() {
        try (Migration migration = invocation.open()) {
            Set<String> chosen = only == null ? Set.of() : new TreeSet<>(only);
            requireKnown(chosen);
            List<Finding> findings = new Preflight().run(migration.plan(), migration.topology(), chosen);
            invocation.console().result("Preflight", migration.plan().migration(), json(findings), to -> {
                boolean every = invocation.root().verbose;
                ok(findings, !every)
                        .forEach((check, count) -> to.line("  " + to.good("✔") + " " + check + "  " + count
                                + (count == 1 ? " check" : " checks")));
                for (Finding finding : findings) {
                    if (finding.severity() == Finding.Severity.OK && !every) {
                        continue;
                    }
                    String mark = switch (finding.severity()) {
                        case OK -> to.good("✔");
                        case WARNING -> "!";
                        case FAIL -> to.bad("✘");
                    };
                    to.line("  " + mark + " " + finding.check() + "  " + finding.subject() + "  " + finding.message());
                    if (finding.severity() != Finding.Severity.OK
                            && !finding.fix().isEmpty()) {
                        to.line("      fix  " + finding.fix());
                    }
                }
                to.line(summary(findings));
            });
            return verdict(findings);
        }
    }

    private void requireKnown(Set<String> chosen) {
        for (String check : chosen) {
            if (!Preflight.checks().contains(check)) {
                throw new ParameterException(
                        invocation.spec().commandLine(),
                        "There is no check '" + check + "'; there are " + String.join(", ", Preflight.checks()));
            }
        }
    }

    private int verdict(List<Finding> findings) {
        List<Finding> failed = findings.stream()
                .filter(finding -> finding.severity() == Finding.Severity.FAIL)
                .toList();
        if (!failed.isEmpty()) {
            boolean reached =
                    failed.stream().noneMatch(finding -> finding.check().equals(Preflight.REACHABLE));
            throw new CommandFailedException(
                    reached ? Problem.GATE_NOT_MET : Problem.DATABASE_UNREACHABLE,
                    failed.size() + (failed.size() == 1 ? " check of " : " checks of ") + findings.size() + " failed.",
                    failed.get(0).fix(),
                    failed.stream()
                            .map(finding -> finding.check() + " " + finding.subject() + ": " + finding.message())
                            .toList());
        }
        long warnings = findings.stream()
                .filter(finding -> finding.severity() == Finding.Severity.WARNING)
                .count();
        if (strict && warnings > 0) {
            throw new CommandFailedException(
                    Problem.PREFLIGHT_WARNINGS,
                    warnings + " warnings, and --strict counts them.",
                    "see above; without --strict they do not stop anything");
        }
        return ExitCode.DONE.number();
    }

    // Ninety lines of good news hide the bad; -v shows them.
    private static Map<String, Integer> ok(List<Finding> findings, boolean folded) {
        Map<String, Integer> checks = new LinkedHashMap<>();
        if (folded) {
            findings.stream()
                    .filter(finding -> finding.severity() == Finding.Severity.OK)
                    .forEach(finding -> checks.merge(finding.check(), 1, Integer::sum));
        }
        return checks;
    }

    private static String summary(List<Finding> findings) {
        long failed = count(findings, Finding.Severity.FAIL);
        long warnings = count(findings, Finding.Severity.WARNING);
        return findings.size() + " checks, " + warnings + " warnings, " + failed + " failed";
    }

    private static long count(List<Finding> findings, Finding.Severity severity) {
        return findings.stream()
                .filter(finding -> finding.severity() == severity)
                .count();
    }

    private static ObjectNode json(List<Finding> findings) {
        ObjectNode body = Json.object();
        body.put("checks", findings.size());
        body.put("warnings", count(findings, Finding.Severity.WARNING));
        body.put("failed", count(findings, Finding.Severity.FAIL));
        ArrayNode array = body.putArray("findings");
        for (Finding finding : findings) {
            array.addObject()
                    .put("check", finding.check())
                    .put("severity", finding.severity().name())
                    .put("subject", finding.subject())
                    .put("message", finding.message())
                    .put("fix", finding.fix());
        }
        return body;
    }
}
