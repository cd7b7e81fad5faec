package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.report.ReportFiles;
import dev.cutover.verifier.report.ReportFormat;
import dev.cutover.verifier.report.ReportNotWrittenException;
import dev.cutover.verifier.report.ReportReader;
import dev.cutover.verifier.reveal.Reveal;
import dev.cutover.verifier.reveal.RevealedRow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code cutover report}. */
@Command(
        name = "report",
        header = "Write the last verification as files: a page for people, JSON, JUnit XML, one difference a line.",
        description = {
            "",
            "verification.html is one file that asks for nothing and runs nothing; verification.json has its checksum"
                    + " beside it; verification.junit.xml fails in CI unless the verdict is EQUAL; differences.ndjson has"
                    + " the rows that differ. Keys and column names are in them, values of rows are not.",
            "The exit code is 0 when the files were written, whatever the verdict is."
        },
        footer = {
            "",
            "Examples:",
            "  cutover report",
            "  cutover report --format html,junit --out build/verification",
            "  cutover report --run verify-1795338000000-0a1b2c -o json",
            "  cutover report --format html --reveal --reason='ticket 4711: which status is right'"
        })
final class ReportCommand implements Callable<Integer> {
    // As many as the page lists of one table; of all tables together.
    private static final int MOST_REVEALED = 200;

    @Mixin
    Invocation invocation = new Invocation();

    @Option(
            names = "--format",
            split = ",",
            paramLabel = "FORMAT",
            description = "html, json, junit, ndjson; default all.")
    @Nullable
    Set<ReportFormat> formats;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "cutover-report",
            description = "Where to; made when it is not there. Default ./${DEFAULT-VALUE}.")
    Path out = Path.of("cutover-report");

    @Option(
            names = "--run",
            paramLabel = "ID",
            description = "This run, as 'cutover verify show' names it; default the last.")
    @Nullable
    String run;

    @Option(
            names = "--reveal",
            description = "Read the differing rows again and show their values in the page; needs --reason, and is"
                    + " written into the history. Columns under verify.masked in the plan are not read.")
    boolean reveal;

    @Option(names = "--reason", paramLabel = "TEXT", description = "Why values have to be seen; stored with the event.")
    @Nullable
    String reason;

    @Override
    public Integer call() {
        Set<ReportFormat> wanted = formats == null ? EnumSet.allOf(ReportFormat.class) : EnumSet.copyOf(formats);
        if (reveal && (reason == null || reason.isBlank())) {
            throw new ParameterException(
                    invocation.spec().commandLine(), "--reveal shows values of rows: say why with --reason");
        }
        if (reveal && !wanted.contains(ReportFormat.HTML)) {
            throw new ParameterException(
                    invocation.spec().commandLine(),
                    "--reveal shows values in the page only, so --format must have html");
        }
        Path folder = invocation.surroundings().folder().resolve(out);
        requireWritable(folder);
        try (Migration migration = invocation.open()) {
            Register register = migration.register();
            VerificationRecord record = record(migration);
            VerificationReport report = ReportReader.read(record.reportJson())
                    .orElseThrow(() -> new CommandFailedException(
                            Problem.GATE_NOT_MET,
                            "The run " + record.runId() + " of " + Json.time(record.finishedAt())
                                    + " failed before it had a result, so there is nothing to report.",
                            "cutover verify once   or name an older run with --run"));
            Map<Integer, RevealedRow> revealed = reveal ? reveal(migration, register, report) : Map.of();
            List<Path> files;
            try {
                files = ReportFiles.write(report, wanted, revealed, folder);
            } catch (ReportNotWrittenException e) {
                throw notWritten(folder, String.valueOf(e.getMessage()));
            }
            say(migration, report, record, files, revealed.size());
            return ExitCode.DONE.number();
        }
    }

    // Before anything is asked of a database: a report of many differences is not made for nothing.
    private void requireWritable(Path folder) {
        Path there = folder.toAbsolutePath().normalize();
        while (there != null && !Files.exists(there)) {
            there = there.getParent();
        }
        if (there == null || !Files.isDirectory(there) || !Files.isWritable(there)) {
            throw notWritten(
                    folder,
                    "The report cannot be written into " + folder + ": " + there
                            + (there != null && Files.isDirectory(there) ? " is not writable." : " is not a folder."));
        }
    }

    private static CommandFailedException notWritten(Path folder, String sentence) {
        return new CommandFailedException(
                Problem.WORK_REFUSED,
                sentence,
                "cutover report --out=DIR   with a folder you may write into, not " + folder);
    }

    private VerificationRecord record(Migration migration) {
        String id = run;
        if (id == null) {
            return migration
                    .control()
                    .lastVerification()
                    .orElseThrow(() -> new CommandFailedException(
                            Problem.GATE_NOT_MET, "Nothing was verified yet.", "cutover verify once"));
        }
        return migration.control().verification(id).orElseThrow(() -> {
            List<String> last = migration.control().verifications(5).stream()
                    .map(known -> known.runId() + "  " + Json.time(known.finishedAt()) + "  " + known.verdict())
                    .toList();
            return new CommandFailedException(
                    Problem.WORK_REFUSED,
                    "There is no verification run '" + id + "'." + (last.isEmpty() ? "" : " The last ones:"),
                    last.isEmpty() ? "cutover verify once" : "cutover report   writes the last one",
                    last);
        });
    }

    private Map<Integer, RevealedRow> reveal(Migration migration, Register register, VerificationReport report) {
        int rows = Math.min(MOST_REVEALED, report.differences().size());
        if (rows == 0) {
            return Map.of();
        }
        String state = register.stage() + "/" + register.mode() + "/" + register.epoch();
        ObjectNode detail = Json.object();
        detail.put("runId", report.runId());
        detail.put("rows", rows);
        detail.set("tables", Json.array(report.scope()));
        detail.set("masked", Json.array(migration.plan().verify().masked()));
        // First: who was stopped by a full disk afterwards has seen values all the same.
        migration
                .control()
                .appendEvent(new EventDraft(
                        migration.actor(),
                        "report-reveal",
                        "The values of " + Numbers.grouped(rows) + " differing rows of " + report.runId()
                                + " are read for a report.",
                        state,
                        state,
                        reason,
                        Json.compact(detail)));
        return new Reveal(migration.plan(), migration.topology()).rows(report.differences(), rows);
    }

    private void say(
            Migration migration, VerificationReport report, VerificationRecord record, List<Path> files, int revealed) {
        ObjectNode body = Json.object();
        body.put("runId", report.runId());
        body.put("verdict", report.verdict().name());
        body.put("finishedAt", Json.time(record.finishedAt()));
        body.put("rowsCompared", report.rowsCompared());
        body.put("differences", report.differenceCount());
        body.put("revealed", revealed);
        body.set("files", Json.array(files.stream().map(Path::toString).toList()));
        invocation.console().result("Report", migration.plan().migration(), body, to -> {
            String line = report.verdict() + "  run " + report.runId() + "  " + Json.time(record.finishedAt()) + "  "
                    + Numbers.grouped(report.rowsCompared()) + " rows, " + Numbers.grouped(report.differenceCount())
                    + " differences";
            to.line(record.verdict() == VerificationRecord.Verdict.EQUAL ? to.good(line) : to.bad(line));
            files.forEach(file -> to.line("  " + file));
            if (revealed > 0) {
                to.line("The page shows values of " + Numbers.grouped(revealed) + (revealed == 1 ? " row" : " rows")
                        + "; that was written into the history.");
            }
        });
    }
}
