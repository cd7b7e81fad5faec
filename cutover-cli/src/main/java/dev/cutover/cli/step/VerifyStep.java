package dev.cutover.cli.step;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.verifier.Resumed;
import dev.cutover.verifier.Verdict;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.Verifier;
import dev.cutover.verifier.VerifyOptions;
import dev.cutover.verifier.VerifyOptions.Memory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** DYNAMIC_COPIED to VERIFIED when everything is EQUAL; at any other stage with rows on both sides it only answers. */
public final class VerifyStep implements StageStep {
    private static final Duration CATCH_UP = Duration.ofSeconds(30);
    private static final Duration ROUND = Duration.ofSeconds(5);

    private final Set<String> tables;
    private final Memory memory;

    /** Goes on with an interrupted pass. */
    public VerifyStep(Set<String> tables) {
        this(tables, Memory.RESUME);
    }

    public VerifyStep(Set<String> tables, Memory memory) {
        this.tables = Set.copyOf(tables);
        this.memory = memory;
    }

    @Override
    public String command() {
        return "verify once";
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(
                Stage.STATIC_COPIED,
                Stage.DUAL_WRITE,
                Stage.DYNAMIC_COPIED,
                Stage.VERIFIED,
                Stage.RAMPING,
                Stage.SWITCHED);
    }

    @Override
    public Stage reaches() {
        return Stage.VERIFIED;
    }

    @Override
    public boolean reached(Register register) {
        return false;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return List.of(
                "compare every cell of " + (tables.isEmpty() ? "all tables" : tables) + " on both sides; read-only");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        return List.of();
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        Duration maxLag = context.plan().switchPlan().maxLag();
        boolean streams = register.stage().atLeast(Stage.DUAL_WRITE) && register.stage() != Stage.COMPLETED;
        if (streams && !LagGate.await(context.control(), maxLag, CATCH_UP)) {
            context.narrator().say("the stream is behind; what cannot be settled will be named");
        }
        VerificationReport report = new Verifier(context.plan(), context.topology(), context.control())
                .verifyOnce(new VerifyOptions(
                                tables,
                                false,
                                progress -> context.narrator()
                                        .progress(List.of(String.format(
                                                Locale.ROOT,
                                                "  %-20s %d of %d ranges, %s rows, %s rows/s",
                                                progress.table(),
                                                progress.rangesDone(),
                                                progress.ranges(),
                                                Numbers.grouped(progress.rows()),
                                                Numbers.grouped((long) progress.rowsPerSecond())))))
                        // What the stream may be behind it may need to bring a row: a shorter wait would settle
                        // nothing.
                        .withSettleBound(maxLag.plus(ROUND))
                        .withMemory(memory));
        if (report.verdict() != Verdict.EQUAL) {
            throw refused(report);
        }
        Register next = register;
        if (register.stage() == Stage.DYNAMIC_COPIED && tables.isEmpty()) {
            Register now = context.control().read();
            next = now.stage() != Stage.DYNAMIC_COPIED
                    ? now
                    : context.move(
                            now,
                            now.withStage(Stage.VERIFIED),
                            "stage",
                            "Verified EQUAL: " + Numbers.grouped(report.rowsCompared()) + " rows in "
                                    + Numbers.grouped(report.cells()) + " cells.",
                            null);
        }
        return new Outcome(
                next,
                "EQUAL: " + Numbers.grouped(report.rowsCompared()) + " rows in " + Numbers.grouped(report.cells())
                        + " cells, 0 differences, " + Numbers.grouped(report.quarantined())
                        + " rows in quarantine (run " + report.runId() + ").",
                remarks(report),
                facts(report));
    }

    private static List<String> remarks(VerificationReport report) {
        List<String> remarks = new ArrayList<>();
        Resumed resumed = report.resumed();
        if (resumed != null) {
            remarks.add("went on with run " + resumed.runId() + " of " + Json.time(resumed.startedAt()) + ": "
                    + Numbers.grouped(resumed.ranges()) + " ranges were proven before  (--restart reads everything)");
        }
        report.notChecked().forEach(text -> remarks.add("not checked: " + text));
        return remarks;
    }

    private static CommandFailedException refused(VerificationReport report) {
        if (report.verdict() == Verdict.DIFFERENT) {
            return new CommandFailedException(
                    Problem.DIFFERENCES_FOUND,
                    "old and new differ: " + Numbers.grouped(report.differenceCount()) + " rows of "
                            + Numbers.grouped(report.rowsCompared()) + " (run " + report.runId()
                            + "). No switch will run.",
                    "cutover verify show   has the SQL that shows each row on both sides,  cutover repair plan  what would put them right",
                    VerificationRows.lines(report, 10));
        }
        return new CommandFailedException(
                Problem.NOT_PROVEN,
                "Not proven equal: no difference is certain, but something could not be settled (run " + report.runId()
                        + ").",
                "cutover verify once   when there are fewer writes, or the stream has less lag",
                report.unsettled());
    }

    static ObjectNode facts(VerificationReport report) {
        ObjectNode facts = Json.object();
        facts.put("runId", report.runId());
        facts.put("verdict", report.verdict().name());
        facts.put("rowsCompared", report.rowsCompared());
        facts.put("cellsCompared", report.cells());
        facts.put("differences", report.differenceCount());
        facts.put("quarantined", report.quarantined());
        Resumed resumed = report.resumed();
        facts.put("rangesProvenBefore", resumed == null ? 0 : resumed.ranges());
        return facts;
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return List.of("stage VERIFIED to DYNAMIC_COPIED; nothing else changes");
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        return Outcome.of(
                context.move(
                        register, register.withStage(Stage.DYNAMIC_COPIED), "stage", "Back to DYNAMIC_COPIED.", null),
                "Back to DYNAMIC_COPIED.");
    }

    @Override
    public Stage undoneTo() {
        return Stage.DYNAMIC_COPIED;
    }
}
