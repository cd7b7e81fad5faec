package dev.cutover.cli.step;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.Side;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** VERIFIED or RAMPING to SWITCHED: NEW becomes the truth; the undo makes OLD the truth again by the same walk. */
public final class SwitchStep implements StageStep {
    private static final Duration BACK_OFF = Duration.ofSeconds(1);
    private static final Duration FOLLOW = Duration.ofSeconds(5);

    private final SwitchLimits limits;

    public SwitchStep(SwitchLimits limits) {
        this.limits = limits;
    }

    @Override
    public String command() {
        return "switch";
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(Stage.VERIFIED, Stage.RAMPING);
    }

    @Override
    public Stage reaches() {
        return Stage.SWITCHED;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return outline(context, register, Side.NEW);
    }

    private List<String> outline(StepContext context, Register register, Side to) {
        Side from = to.other();
        String left = String.join(
                ", ",
                Streams.databases(context.topology(), from).stream()
                        .map(Object::toString)
                        .toList());
        return List.of(
                "claim the switch to " + to + ": epoch " + register.epoch() + " to "
                        + register.epoch().next() + ", lease " + limits.lease().toMillis() + " ms",
                "close the fences of " + left + " (each close may hold up writers for "
                        + limits.lockWait().toMillis() + " ms)",
                "write a marker on " + left + " and wait until it has arrived everywhere",
                "record where the way back begins",
                "hand over id counters and stock, compare the newest rows",
                "decide; abort instead when " + limits.writePause().toMillis() + " ms have passed",
                "open " + to + ", mirror to " + from + "; readers and writers follow by themselves");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        return new SwitchGates(context, register, limits).toNew(true);
    }

    /** The gates of the way back. */
    public List<Gate> undoGates(StepContext context, Register register) {
        return new SwitchGates(context, register, limits).toOld();
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        return move(context, register, Side.NEW);
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return outline(context, register, Side.OLD);
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        return move(context, register, Side.OLD);
    }

    @Override
    public Stage undoneTo() {
        return Stage.VERIFIED;
    }

    private Outcome move(StepContext context, Register stable, Side to) {
        Duration timeout = context.timeout() == null ? limits.timeout() : context.timeout();
        long end = System.nanoTime() + timeout.toNanos();
        Register register = stable;
        int attempts = 0;
        while (true) {
            attempts++;
            SwitchRun.Result result =
                    new SwitchRun(context, to, limits, new StreamCarryOver(context, to)).attempt(register);
            if (result.committed()) {
                return outcome(context, result, to, attempts);
            }
            context.narrator().say("attempt " + attempts + " gave up, nothing was lost: " + result.reason());
            // Longer each time: every attempt costs the writers a pause, and what was in the way needs time to go.
            Duration backOff = BACK_OFF.multipliedBy(Math.min(attempts, 5));
            boolean again = System.nanoTime() + backOff.toNanos() < end && Waiting.pause(backOff);
            if (!again) {
                throw aborted(context.plan(), result, to, attempts);
            }
            register = context.control().read();
            if (register.phase() != Register.Phase.STABLE || register.truth() == to) {
                throw StepFailures.registerMoved(stable, register);
            }
        }
    }

    private static CommandFailedException aborted(MigrationPlan plan, SwitchRun.Result result, Side to, int attempts) {
        return new CommandFailedException(
                Problem.SWITCH_ABORTED,
                "The switch to " + to + " was aborted after " + attempts + (attempts == 1 ? " attempt" : " attempts")
                        + ", " + to.other() + " is still the truth of " + plan.migration() + ": " + result.reason(),
                "remove what was in the way, or raise --write-pause, then run the same command again",
                result.details());
    }

    private Outcome outcome(StepContext context, SwitchRun.Result result, Side to, int attempts) {
        Instances.awaitFollowers(context.control(), result.register(), FOLLOW);
        List<String> details = new ArrayList<>(result.handedOver());
        details.add(result.compared() + " newest rows compared, equal");
        details.add("steps: " + result.clock().text());
        ObjectNode facts = Json.object();
        facts.put("attempts", attempts);
        facts.put("epoch", result.register().epoch().number());
        facts.setAll(result.clock().json());
        return new Outcome(
                result.register(),
                "The truth is " + to + " since epoch " + result.register().epoch() + "; writes paused for "
                        + result.clock().pause().toMillis() + " ms. Back:  cutover "
                        + (to == Side.NEW ? "rollback" : "switch"),
                details,
                facts);
    }
}
