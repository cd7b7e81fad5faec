package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Console;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.verifier.Difference;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.repair.NamedDifference;
import dev.cutover.verifier.repair.Planned;
import dev.cutover.verifier.repair.Repair;
import dev.cutover.verifier.repair.RepairFailedException;
import dev.cutover.verifier.repair.RepairListener;
import dev.cutover.verifier.repair.RepairOutcome;
import dev.cutover.verifier.repair.RepairPlan;
import dev.cutover.verifier.repair.RepairProof;
import dev.cutover.verifier.repair.RepairRefusedException;
import dev.cutover.verifier.repair.UndoPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code cutover repair plan|apply}. */
@Command(
        name = "repair",
        header = "Bring rows that differ back to the truth; only the side that is not the truth is written.",
        footer = {
            "",
            "Examples:",
            "  cutover repair plan --out repair.json",
            "  cutover repair apply repair.json --dry-run",
            "  cutover repair apply repair.json --confirm=mall-coupons --reason='nightly job wrote to new'",
            "  cutover repair apply --undo repair.undo.json --confirm=mall-coupons --reason='wrong rows'"
        })
final class RepairCommand implements Runnable {
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final int SHOWN = 20;
    private static final int MANY = 50;

    @Mixin
    Invocation invocation = new Invocation();

    @Override
    public void run() {
        throw Subcommands.missing(invocation);
    }

    @Command(
            name = "plan",
            header =
                    "Look at the differences of the last verification again, and write down what would put them right.",
            description = {
                "",
                "Nothing is changed. The plan and its undo hold values of rows: only their owner may read them (mode 0600)."
            },
            footer = {
                "",
                "Examples:",
                "  cutover repair plan",
                "  cutover repair plan --tables user_coupon --max-rows 100 --out repair.json",
                "  cutover repair plan --keys differences.ndjson"
            })
    int plan(
            @Mixin Invocation here,
            @Option(names = "--tables", split = ",", paramLabel = "NAME", description = "Only these tables.") @Nullable
                    Set<String> tables,
            @Option(
                            names = "--keys",
                            paramLabel = "FILE",
                            description = "The differences of a report, one JSON object a line, instead of those of the"
                                    + " last verification.")
                    @Nullable
                    Path keys,
            @Option(
                            names = "--max-rows",
                            paramLabel = "N",
                            defaultValue = "1000",
                            description = "At most so many entries; default ${DEFAULT-VALUE}.")
                    int maxRows,
            @Option(
                            names = "--out",
                            paramLabel = "FILE",
                            description = "Where the plan goes; its undo goes beside it. Never overwrites.")
                    @Nullable
                    Path out) {
        Set<String> chosen = tables == null ? Set.of() : new TreeSet<>(tables);
        requireTables(here, chosen);
        requirePositive(here, maxRows);
        try (Migration migration = here.open()) {
            Register register = migration.register();
            StageRunner.samePlan(migration.plan(), register);
            return refusable(here, () -> plan(here, migration, chosen, keys, maxRows, out));
        }
    }

    private static int plan(
            Invocation here,
            Migration migration,
            Set<String> tables,
            @Nullable Path keys,
            int maxRows,
            @Nullable Path out) {
        Console console = here.console();
        String from;
        List<NamedDifference> named;
        long listedOf;
        if (keys == null) {
            VerificationRecord run = migration
                    .control()
                    .lastVerification()
                    .orElseThrow(() -> new CommandFailedException(
                            Problem.GATE_NOT_MET, "Nothing was verified yet.", "cutover verify once"));
            from = run.runId();
            named = NamedDifference.ofReport(run.reportJson());
            listedOf = run.differences();
        } else {
            from = keys.toString();
            named = NamedDifference.ofLines(text(here, keys));
            listedOf = named.size();
            for (NamedDifference difference : named) {
                requireTables(here, Set.of(difference.table()));
            }
        }
        long unlisted = Math.max(0, listedOf - named.size());
        List<NamedDifference> wanted = named.stream()
                .filter(difference -> tables.isEmpty() || tables.contains(difference.table()))
                .toList();
        if (wanted.isEmpty()) {
            console.result(
                    "RepairPlan",
                    migration.plan().migration(),
                    Json.object().put("from", from).put("entries", 0).putNull("file"),
                    to -> to.line("Nothing to repair: " + from + " lists no difference"
                            + (tables.isEmpty() ? "." : " of " + String.join(", ", tables) + ".")));
            return ExitCode.DONE.number();
        }
        Planned planned = repair(migration).plan(wanted, maxRows, from, listener(here, wanted.size()));
        Path file = null;
        Path undo = null;
        if (planned.plan().size() > 0) {
            String name = out == null
                    ? "repair-" + migration.plan().migration() + "-" + STAMP.format(Instant.now()) + ".json"
                    : out.toString();
            file = here.surroundings().folder().resolve(name);
            undo = repair(migration).save(planned, file);
        }
        show(here, migration, planned, from, unlisted, file, undo);
        boolean nothingCertain = planned.plan().size() == 0
                && (planned.unsettled() > 0 || !planned.plan().left().isEmpty());
        return nothingCertain ? ExitCode.DIFFERENCES.number() : ExitCode.DONE.number();
    }

    private static void show(
            Invocation here,
            Migration migration,
            Planned planned,
            String from,
            long unlisted,
            @Nullable Path file,
            @Nullable Path undo) {
        RepairPlan plan = planned.plan();
        int equal = Math.max(0, planned.named() - planned.differing() - (int) planned.unsettled());
        ObjectNode body = Json.object();
        body.put("from", from);
        body.put("truth", plan.header().truth().name());
        body.put("epoch", plan.header().epoch().number());
        body.put("lookedAt", planned.named());
        body.put("differing", planned.differing());
        body.put("unsettled", planned.unsettled());
        body.put("entries", plan.size());
        body.put("more", planned.more());
        body.put("unlisted", unlisted);
        body.set("rows", Json.array(plan.lines()));
        ArrayNode left = body.putArray("left");
        plan.left().forEach(one -> left.addObject().put("row", one.row()).put("why", one.why()));
        body.put("file", file == null ? null : file.toString());
        body.put("undo", undo == null ? null : undo.toString());
        here.console().result("RepairPlan", migration.plan().migration(), body, to -> {
            to.line("Of " + Numbers.grouped(planned.named()) + " differences of " + from + ", "
                    + Numbers.grouped(planned.differing()) + " rows certainly differ now"
                    + (equal > 0 ? "; the others are equal by now" : "")
                    + (planned.unsettled() > 0
                            ? "; " + Numbers.grouped(planned.unsettled()) + " could not be decided, plan again"
                            : "")
                    + ".");
            plan.lines().stream().limit(SHOWN).forEach(line -> to.line("  " + line));
            if (plan.size() > SHOWN) {
                to.line("  and " + Numbers.grouped(plan.size() - SHOWN) + " more");
            }
            plan.left().forEach(one -> to.line("  left to you: " + one.row() + ": " + one.why()));
            if (planned.more() > 0) {
                to.line(Numbers.grouped(planned.more()) + " entries beyond --max-rows are not in the plan.");
            }
            if (unlisted > 0) {
                to.line(Numbers.grouped(unlisted) + " differences are counted in the report and not listed: repair,"
                        + " verify, plan again.");
            }
            if (file == null) {
                to.line("Nothing to write, so there is no plan.");
                return;
            }
            to.line(to.good("✔") + " " + Numbers.grouped(plan.size()) + " entries that write "
                    + plan.header().truth().other() + ", where " + plan.header().truth() + " is the truth: " + file);
            to.line("    undo: " + undo);
            to.line(
                    "    Both files hold values of rows; only you may read them (mode 0600). Delete them when you are done.");
            to.line("Next:  cutover repair apply " + shortest(here, file) + " --dry-run");
        });
    }

    @Command(
            name = "apply",
            header = "Write what a plan says, row by row, where nothing has changed since.",
            description = {
                "",
                "Each row is written under the applier's guard, while writers and streams run. A row that has changed since",
                "the plan, on either side, is left alone. It may be stopped and typed again. Afterwards the rows are verified."
            },
            footer = {
                "",
                "Examples:",
                "  cutover repair apply repair.json --dry-run",
                "  cutover repair apply repair.json --confirm=mall-coupons --reason='nightly job wrote to new'",
                "  cutover repair apply --undo repair.undo.json --confirm=mall-coupons --reason='wrong rows'"
            })
    int apply(
            @Mixin Invocation here,
            @Mixin MutationFlags flags,
            @Parameters(paramLabel = "PLAN", arity = "0..1", description = "The file that 'cutover repair plan' wrote.")
                    @Nullable
                    Path file,
            @Option(names = "--undo", paramLabel = "FILE", description = "Put back what a plan has overwritten.")
                    @Nullable
                    Path undo,
            @Option(
                            names = "--max-rows",
                            paramLabel = "N",
                            defaultValue = "1000",
                            description = "Refuse a plan with more entries; default ${DEFAULT-VALUE}.")
                    int maxRows) {
        if ((file == null) == (undo == null)) {
            throw new ParameterException(here.spec().commandLine(), "Name a plan, or --undo and an undo file");
        }
        requirePositive(here, maxRows);
        try (Migration migration = here.open()) {
            Register register = migration.register();
            new StageRunner(here, flags).expect(register);
            StageRunner.samePlan(migration.plan(), register);
            StageRunner.stable(register);
            Repair repair = repair(migration);
            return refusable(
                    here,
                    () -> file != null
                            ? new Application(here, flags, migration, register, repair, file, false).ofPlan(maxRows)
                            : new Application(
                                            here,
                                            flags,
                                            migration,
                                            register,
                                            repair,
                                            java.util.Objects.requireNonNull(undo),
                                            true)
                                    .ofUndo(maxRows));
        }
    }

    /** One run of {@code apply}. */
    private record Application(
            Invocation here,
            MutationFlags flags,
            Migration migration,
            Register register,
            Repair repair,
            Path file,
            boolean back) {
        int ofPlan(int maxRows) {
            RepairPlan plan = repair.read(existing(here, file));
            repair.check(plan, maxRows);
            if (flags.dryRun) {
                return rehearsed(
                        repair.apply(plan, true, listener(here, plan.size())), plan.lines(), plan.statements());
            }
            return agreed(
                    plan.header(),
                    plan.lines(),
                    () -> repair.apply(plan, false, listener(here, plan.size())),
                    () -> repair.prove(plan));
        }

        int ofUndo(int maxRows) {
            UndoPlan plan = repair.readUndo(existing(here, file));
            repair.check(plan, maxRows);
            if (flags.dryRun) {
                return rehearsed(repair.undo(plan, true, listener(here, plan.size())), plan.lines(), plan.statements());
            }
            return agreed(
                    plan.header(),
                    plan.lines(),
                    () -> repair.undo(plan, false, listener(here, plan.size())),
                    () -> repair.prove(plan));
        }

        private String command() {
            return "repair apply " + (back ? "--undo " : "") + file;
        }

        private int rehearsed(RepairOutcome outcome, List<String> lines, List<String> statements) {
            ObjectNode body = counts(outcome);
            body.put("command", command());
            body.set("rows", Json.array(lines));
            body.set("statements", Json.array(statements));
            here.console().result("DryRun", migration.plan().migration(), body, to -> {
                to.line("Would " + (back ? "put back " : "write ") + Numbers.grouped(outcome.done()) + " of "
                        + Numbers.grouped(lines.size()) + " entries; " + Numbers.grouped(outcome.already())
                        + " are as they shall be, " + Numbers.grouped(outcome.changed())
                        + " have changed since and would be left alone.");
                statements.stream().limit(SHOWN).forEach(line -> to.line("  " + line));
                if (statements.size() > SHOWN) {
                    to.line("  and " + Numbers.grouped(statements.size() - SHOWN) + " more statements, in the file");
                }
                outcome.remarks().forEach(line -> to.line("  " + line));
            });
            return ExitCode.DONE.number();
        }

        private int agreed(
                RepairPlan.Header header,
                List<String> lines,
                Supplier<RepairOutcome> work,
                Supplier<RepairProof> proof) {
            List<String> outline = new ArrayList<>();
            outline.add("cutover " + command() + " will write " + lines.size() + " entries on "
                    + header.truth().other() + ":");
            lines.stream().limit(SHOWN).forEach(line -> outline.add("  " + line));
            Confirmation.require(
                    Severity.SEVERE,
                    "cutover " + command(),
                    migration.plan().migration(),
                    outline,
                    flags,
                    here.root().noInput,
                    here.console());
            RepairOutcome outcome;
            RepairProof proven;
            try (CommandLock lock = CommandLock.take(migration.control(), migration.actor(), "repair apply")) {
                if (migration.register().version() != register.version()) {
                    throw new CommandFailedException(
                            Problem.REGISTER_MOVED,
                            "The migration moved while the repair was being agreed to.",
                            "cutover status");
                }
                outcome = work.get();
                proven = proof.get();
                lock.check();
                record(outcome, proven);
            }
            report(outcome, proven);
            boolean good = back ? outcome.leftAlone() == 0 : proven.verdict() == Verdict.EQUAL;
            return good ? ExitCode.DONE.number() : ExitCode.DIFFERENCES.number();
        }

        private void record(RepairOutcome outcome, RepairProof proven) {
            String state = register.stage() + "/" + register.mode() + "/" + register.epoch();
            ObjectNode detail = counts(outcome);
            detail.put("file", String.valueOf(file.getFileName()));
            detail.put("verdict", proven.verdict().name());
            migration
                    .control()
                    .appendEvent(new EventDraft(
                            migration.actor(),
                            back ? "repair-undo" : "repair",
                            (back ? "Put back " : "Repaired ") + outcome.done() + " entries on "
                                    + register.truth().other() + ", " + outcome.already() + " already, "
                                    + outcome.changed() + " changed since, " + outcome.refused()
                                    + " refused; the rows are " + proven.verdict() + ".",
                            state,
                            state,
                            flags.reason,
                            Json.compact(detail)));
        }

        private void report(RepairOutcome outcome, RepairProof proven) {
            ObjectNode body = counts(outcome);
            body.put("undone", back);
            body.set("remarks", Json.array(outcome.remarks()));
            body.put("verdict", proven.verdict().name());
            body.put("rowsVerified", proven.rows());
            body.put("differences", proven.differences().size());
            body.put("unsettled", proven.unsettled());
            here.console().result("Repair", migration.plan().migration(), body, to -> {
                to.line(to.good("✔") + " " + (back ? "Put back " : "Repaired ")
                        + Numbers.grouped(outcome.done()) + " entries; " + Numbers.grouped(outcome.already())
                        + " were as they shall be, " + Numbers.grouped(outcome.changed()) + " have changed since, "
                        + Numbers.grouped(outcome.refused()) + " were refused.");
                outcome.remarks().forEach(line -> to.line("    " + line));
                String verdict = Numbers.grouped(proven.rows()) + " rows verified again: " + proven.verdict();
                to.line(proven.verdict() == Verdict.EQUAL ? to.good(verdict) : to.bad(verdict));
                for (Difference difference :
                        proven.differences().stream().limit(SHOWN).toList()) {
                    to.line("    " + difference.table() + " " + difference.kind() + " " + difference.database() + "."
                            + difference.physicalTable() + " " + difference.hint());
                }
                to.line(
                        back || proven.verdict() == Verdict.EQUAL
                                ? "Next:  cutover verify once"
                                : "Next:  cutover verify once  and then  cutover repair plan");
            });
        }
    }

    private static ObjectNode counts(RepairOutcome outcome) {
        return Json.object()
                .put("done", outcome.done())
                .put("already", outcome.already())
                .put("changed", outcome.changed())
                .put("refused", outcome.refused());
    }

    private static Repair repair(Migration migration) {
        return new Repair(
                migration.plan(),
                migration.topology(),
                migration.control(),
                migration.threads(),
                Failpoints.ofThisJvm());
    }

    private static RepairListener listener(Invocation here, int size) {
        if (size < MANY) {
            return RepairListener.SILENT;
        }
        ConsoleNarrator narrator = new ConsoleNarrator(here.console());
        return (what, done, of) -> narrator.progress(
                List.of("  " + what + " " + Numbers.grouped(done) + " of " + Numbers.grouped(of) + " rows"));
    }

    private static Path existing(Invocation here, Path file) {
        Path found = here.surroundings().folder().resolve(file);
        if (!Files.isReadable(found)) {
            throw new ParameterException(here.spec().commandLine(), "There is no file " + found + " that can be read");
        }
        return found;
    }

    private static String text(Invocation here, Path file) {
        try {
            return Files.readString(existing(here, file));
        } catch (IOException e) {
            throw new ParameterException(here.spec().commandLine(), file + " cannot be read (" + e + ")");
        }
    }

    private static String shortest(Invocation here, Path file) {
        Path folder = here.surroundings().folder();
        return (file.startsWith(folder) ? folder.relativize(file) : file).toString();
    }

    private static void requireTables(Invocation here, Set<String> chosen) {
        MigrationPlan plan = here.plan();
        List<String> known = plan.tables().stream().map(TablePlan::name).toList();
        for (String table : chosen) {
            if (!known.contains(table)) {
                throw new ParameterException(
                        here.spec().commandLine(),
                        "The plan has no table '" + table + "'. It has " + String.join(", ", known) + ".");
            }
        }
    }

    private static void requirePositive(Invocation here, int maxRows) {
        if (maxRows < 1) {
            throw new ParameterException(here.spec().commandLine(), "--max-rows is at least 1, not " + maxRows);
        }
    }

    /** A refusal of the repair as a command tells it. */
    private static int refusable(Invocation here, Supplier<Integer> work) {
        try {
            return work.get();
        } catch (RepairFailedException e) {
            throw new CommandFailedException(
                    Problem.HALF_WAY,
                    String.valueOf(e.getMessage()),
                    "mend the cause, then the same command again: it goes on where it stopped",
                    List.of(),
                    e);
        } catch (RepairRefusedException e) {
            String sentence = String.valueOf(e.getMessage());
            throw switch (e.reason()) {
                case FILE ->
                    new CommandFailedException(
                            Problem.WORK_REFUSED, sentence, "cutover repair plan   writes a new one", List.of(), e);
                case PLAN ->
                    new CommandFailedException(
                            Problem.PLAN_CHANGED,
                            sentence,
                            "cutover repair plan   with this plan file, then apply what it writes",
                            List.of(),
                            e);
                case MOVED ->
                    new CommandFailedException(
                            Problem.REGISTER_MOVED,
                            sentence,
                            "cutover status, then  cutover verify once  and  cutover repair plan",
                            List.of(),
                            e);
                case STAGE ->
                    new CommandFailedException(
                            Problem.WRONG_ORDER, sentence, "cutover status   shows what stands", List.of(), e);
                case TOO_MANY ->
                    new CommandFailedException(
                            Problem.GATE_NOT_MET,
                            sentence,
                            "cutover repair plan --max-rows N   with fewer, or  " + here.typed()
                                    + " --max-rows N  with more",
                            List.of(),
                            e);
                case FENCE ->
                    new CommandFailedException(
                            Problem.GATE_NOT_MET,
                            sentence,
                            "cutover status   shows what stands; start  cutover worker  when none runs",
                            List.of(),
                            e);
            };
        }
    }
}
