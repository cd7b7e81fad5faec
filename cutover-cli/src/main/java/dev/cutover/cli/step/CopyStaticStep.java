package dev.cutover.cli.step;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.migrator.CopyResult;
import dev.cutover.migrator.StaticCopy;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.Verifier;
import dev.cutover.verifier.VerifyListener;
import dev.cutover.verifier.VerifyOptions;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** SINGLE_WRITE to STATIC_COPIED: the frozen tables are copied once, and compared. */
public final class CopyStaticStep implements StageStep {
    @Override
    public String command() {
        return "copy static";
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(Stage.SINGLE_WRITE);
    }

    @Override
    public Stage reaches() {
        return Stage.STATIC_COPIED;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return List.of(
                "empty " + names(context) + " in meta under its fence and copy them from old",
                "compare them, every value",
                "stage SINGLE_WRITE to STATIC_COPIED");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        return List.of(
                Gate.of("back office frozen", register.frozen(), register.frozen() ? "yes" : "no", "cutover freeze on"),
                Instances.followGate(context.control(), register));
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        CopyResult copied = StaticCopy.run(
                context.plan(), context.topology(), context.control(), CopyLines.listener(context.narrator()));
        VerificationReport report = new Verifier(context.plan(), context.topology(), context.control())
                .verifyOnce(new VerifyOptions(names(context), false, VerifyListener.SILENT));
        if (!VerificationRows.equal(report)) {
            throw new CommandFailedException(
                    Problem.DIFFERENCES_FOUND,
                    "The static tables were copied but are not equal: " + report.verdict() + ", "
                            + report.differenceCount() + " differences. The stage stays SINGLE_WRITE.",
                    "find out who changed them although the back office is frozen, then  cutover copy static",
                    VerificationRows.lines(report, 10));
        }
        Register next = context.move(
                register,
                register.withStage(Stage.STATIC_COPIED),
                "stage",
                "Static tables copied and equal: " + Numbers.grouped(report.rowsCompared()) + " rows.",
                null);
        ObjectNode facts = Json.object();
        facts.put(
                "rows",
                copied.rows().values().stream().mapToLong(Long::longValue).sum());
        facts.put("rowsCompared", report.rowsCompared());
        facts.put("cellsCompared", report.cells());
        facts.put("quarantined", report.quarantined());
        return new Outcome(
                next,
                names(context).size() + " static tables copied and equal: " + Numbers.grouped(report.rowsCompared())
                        + " rows, " + Numbers.grouped(report.quarantined()) + " in quarantine.",
                List.of(),
                facts);
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return List.of("empty " + names(context) + " in meta", "stage STATIC_COPIED to SINGLE_WRITE");
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        DatabaseWork.named("empty the static tables of meta", "rollback", () -> {
            NewTables.emptyStatic(context, register.epoch());
            return true;
        });
        Register next = context.move(
                register, register.withStage(Stage.SINGLE_WRITE), "stage", "Static tables of new emptied.", null);
        return Outcome.of(next, "The static tables of new are empty again.");
    }

    @Override
    public Stage undoneTo() {
        return Stage.SINGLE_WRITE;
    }

    private static Set<String> names(StepContext context) {
        return new TreeSet<>(
                context.plan().staticTables().stream().map(TablePlan::name).toList());
    }
}
