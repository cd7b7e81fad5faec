package dev.cutover.cli.step;

import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import java.util.List;
import java.util.Set;

/** FROZEN to SINGLE_WRITE: the application is seen to write through the proxy, still to OLD alone. */
public final class SingleWriteStep implements StageStep {
    @Override
    public String command() {
        return "single-write";
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(Stage.FROZEN);
    }

    @Override
    public Stage reaches() {
        return Stage.SINGLE_WRITE;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return List.of(
                "check that the application writes through the proxy, fenced, to old alone",
                "stage FROZEN to SINGLE_WRITE");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        return List.of(
                Instances.proxyGate(context.control(), command()), Instances.followGate(context.control(), register));
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        int proxies = Instances.proxies(context.control()).size();
        Register next = context.move(
                register,
                register.withStage(Stage.SINGLE_WRITE),
                "stage",
                "Writes go through the proxy to old alone; " + proxies + " instances alive.",
                null);
        return Outcome.of(next, "Writes go through the proxy (" + proxies + " instances), to old alone.");
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return List.of("stage SINGLE_WRITE to FROZEN; the proxy stays where it is");
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        return Outcome.of(
                context.move(register, register.withStage(Stage.FROZEN), "stage", "Back to FROZEN.", null),
                "Back to FROZEN; writes went to old alone all the time.");
    }

    @Override
    public Stage undoneTo() {
        return Stage.FROZEN;
    }
}
