package dev.cutover.cli.step;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.Side;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** STATIC_COPIED to SWITCHED in one go: old is closed, everything is copied and compared, new is opened. */
public final class StopTheWorldStep implements StageStep {
    private final SwitchLimits plan;

    public StopTheWorldStep(SwitchLimits plan) {
        this.plan = plan;
    }

    @Override
    public String command() {
        return "stop-the-world run";
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(Stage.STATIC_COPIED, Stage.VERIFIED);
    }

    @Override
    public Stage reaches() {
        return Stage.SWITCHED;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return List.of(
                "empty the dynamic tables of new",
                "close the fence of old: nobody writes from here on",
                "copy every row and compare every cell",
                "hand over id counters and stock",
                "open new; abort and open old again when "
                        + Numbers.duration(limits(context).writePause()) + " have passed");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        return new SwitchGates(context, register, limits(context)).toNew(false);
    }

    // The whole copy lies in the pause, so the pause may last as long as the command.
    private SwitchLimits limits(StepContext context) {
        Duration timeout = context.timeout() == null ? plan.timeout() : context.timeout();
        return new SwitchLimits(
                plan.maxLag(), timeout, plan.lockWait(), timeout, plan.acceptedQuarantine(), plan.xaAccepted());
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        SwitchRun.Result result = new SwitchRun(
                        context, Side.NEW, limits(context), new ColdCarryOver(context, register.epoch()))
                .attempt(register);
        if (!result.committed()) {
            throw new CommandFailedException(
                    Problem.SWITCH_ABORTED,
                    "The switch was aborted, old is still the truth and open again: " + result.reason(),
                    "remove what was in the way, or give it more time with --timeout, then  cutover stop-the-world run",
                    result.details());
        }
        List<String> details = new ArrayList<>(result.handedOver());
        details.add(Numbers.grouped(result.compared()) + " rows compared while nobody wrote, equal");
        details.add("steps: " + result.clock().text());
        ObjectNode facts = Json.object();
        facts.put("rowsCompared", result.compared());
        facts.setAll(result.clock().json());
        return new Outcome(
                result.register(),
                "The truth is NEW since epoch " + result.register().epoch() + "; old was closed for "
                        + Numbers.duration(result.clock().pause()) + ".",
                details,
                facts);
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return List.of();
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        return new SwitchStep(plan).undo(context, register);
    }

    @Override
    public Stage undoneTo() {
        return Stage.VERIFIED;
    }
}
