package dev.cutover.cli.step;

import dev.cutover.cli.console.Numbers;
import dev.cutover.core.stage.Event;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.stage.VerificationRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The last full verification was EQUAL, is fresh, and nothing has moved the rows wholesale since.
 *
 * <p>An aborted switch raises the epoch but moves no row, so the epoch alone does not make a verification stale; a committed switch
 * and a new copy do.
 */
final class VerificationGate {
    private static final int EVENTS = 500;
    private static final String NAME = "verified";
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
                    "cutover verify show   names the rows; repair them, then  cutover verify once");
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
        return Gate.met(
                NAME,
                "EQUAL " + when + ", " + Numbers.grouped(run.rowCount()) + " rows in " + Numbers.grouped(run.cells())
                        + " cells (epoch " + run.epoch() + ", now " + register.epoch() + ")");
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
