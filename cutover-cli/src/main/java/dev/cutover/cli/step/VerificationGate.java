package dev.cutover.cli.step;

import dev.cutover.cli.console.Numbers;
import dev.cutover.core.stage.ControlDatabaseException;
import dev.cutover.core.stage.Event;
import dev.cutover.core.stage.Proof;
import dev.cutover.core.stage.ProofLedger;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.SeenDifference;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.DatabaseId;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The last full verification was EQUAL, is fresh, and nothing has moved the rows wholesale since; and the ledger still holds what it
 * proved: of every database a proof, none of them void, and no row certified to differ.
 *
 * <p>An aborted switch raises the epoch but moves no row, so the epoch alone does not make a verification stale; a committed switch
 * and a new copy do.
 */
final class VerificationGate {
    private static final int EVENTS = 500;
    private static final String NAME = "verified";
    private static final String REPAIR = "cutover verify show   names the rows; repair them, then  cutover verify once";
    private static final String FIX = "cutover verify once";

    private VerificationGate() {}

    static Gate of(StepContext context, Register register) {
        Optional<VerificationRecord> last = lastFull(context);
        if (last.isEmpty()) {
            return Gate.unmet(NAME, "never verified in full", FIX);
        }
        VerificationRecord run = last.get();
        Duration age = Duration.between(run.finishedAt(), context.control().now());
        String when = Numbers.duration(age) + " ago";
        if (run.verdict() != VerificationRecord.Verdict.EQUAL) {
            return Gate.unmet(
                    NAME,
                    "the last verification, " + when + ", was " + run.verdict() + " with " + run.differences()
                            + " differences" + VerificationRows.named(run),
                    REPAIR);
        }
        if (age.compareTo(context.plan().verify().freshness()) > 0) {
            return Gate.unmet(
                    NAME,
                    "stale: the last EQUAL verdict is from " + when + ", freshness is "
                            + Numbers.duration(context.plan().verify().freshness()),
                    FIX);
        }
        Optional<Event> moved = lastWholesaleMove(context.control().events(EVENTS));
        if (moved.isPresent() && run.startedAt().isBefore(moved.get().at())) {
            return Gate.unmet(
                    NAME,
                    "stale: the last EQUAL verdict, " + when + ", is older than '"
                            + moved.get().summary() + "'",
                    FIX);
        }
        Optional<Gate> against = against(context, register, moved);
        if (against.isPresent()) {
            return against.get();
        }
        return Gate.met(
                NAME,
                "EQUAL " + when + ", " + Numbers.grouped(run.rowCount()) + " rows in " + Numbers.grouped(run.cells())
                        + " cells (epoch " + run.epoch() + ", now " + register.epoch() + ")");
    }

    /** What the ledger has against it; a proof nobody can read is no proof. */
    private static Optional<Gate> against(StepContext context, Register register, Optional<Event> moved) {
        try {
            return against(
                    context, register, moved, new ProofLedger(context.topology().control()));
        } catch (ControlDatabaseException e) {
            return Optional.of(Gate.unmet(NAME, "what is proven cannot be told: " + e.getMessage(), "cutover init"));
        }
    }

    private static Optional<Gate> against(
            StepContext context, Register register, Optional<Event> moved, ProofLedger ledger) {
        List<SeenDifference> differences = ledger.differences();
        if (!differences.isEmpty()) {
            return Optional.of(Gate.unmet(
                    NAME,
                    Numbers.grouped(differences.size()) + (differences.size() == 1 ? " row was" : " rows were")
                            + " found to differ after a change: "
                            + differences.get(0).describe() + (differences.size() == 1 ? "" : "; …"),
                    REPAIR));
        }
        Optional<VerificationRecord> different = differentSince(context);
        if (different.isPresent()) {
            return Optional.of(Gate.unmet(
                    NAME,
                    "a verification of " + different.get().scope() + " has found "
                            + different.get().differences() + " differences since the last full one was EQUAL"
                            + VerificationRows.named(different.get()),
                    REPAIR));
        }
        Map<DatabaseId, Proof> proofs = new HashMap<>();
        ledger.proofs(register.truth()).forEach(proof -> proofs.put(proof.database(), proof));
        Duration freshness = context.plan().verify().freshness();
        for (DatabaseId database : context.plan().newDatabases()) {
            Proof proof = proofs.get(database);
            if (proof == null) {
                return Optional.of(Gate.unmet(NAME, "nothing is written down that proves " + database + " equal", FIX));
            }
            Duration age = Duration.between(proof.provenAt(), context.control().now());
            if (age.compareTo(freshness) > 0
                    || moved.isPresent()
                            && proof.startedAt().isBefore(moved.get().at())) {
                return Optional.of(Gate.unmet(
                        NAME, "stale: " + database + " was proven equal " + Numbers.duration(age) + " ago", FIX));
            }
            if (!proof.holds() && !context.failpoints().planted("gate.ignoresVoid")) {
                return Optional.of(Gate.unmet(
                        NAME,
                        "the proof of " + database + " is void: " + proof.voidReason(),
                        "put the rows right where some differ, then  cutover verify once"));
            }
        }
        return Optional.empty();
    }

    /** A run of whatever scope that found a difference after the last full one had found none. */
    private static Optional<VerificationRecord> differentSince(StepContext context) {
        for (VerificationRecord run : context.control().verifications(50)) {
            if (run.scope().equals("all")) {
                return Optional.empty();
            }
            if (run.verdict() == VerificationRecord.Verdict.DIFFERENT) {
                return Optional.of(run);
            }
        }
        return Optional.empty();
    }

    static Optional<VerificationRecord> lastFull(StepContext context) {
        return context.control().verifications(50).stream()
                .filter(run -> run.scope().equals("all"))
                .findFirst();
    }

    private static Optional<Event> lastWholesaleMove(List<Event> events) {
        for (int i = events.size() - 1; i >= 0; i--) {
            Event event = events.get(i);
            if (event.kind().equals(SwitchRun.COMMITTED)
                    || event.kind().equals(Adoption.ADOPTED)
                    || event.kind().equals("stage")
                            && event.toState().startsWith(Stage.DYNAMIC_COPIED + "/")
                            && !event.fromState().startsWith(Stage.VERIFIED + "/")) {
                return Optional.of(event);
            }
        }
        return Optional.empty();
    }
}
