package dev.cutover.cli.step;

import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import java.util.List;
import java.util.Set;

/** Compares a share of the reads on both sides; no stage changes. */
public final class ShadowStep implements StageStep {
    private final int percent;

    public ShadowStep(int percent) {
        this.percent = percent;
    }

    @Override
    public String command() {
        return "reads shadow " + percent;
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(Stage.DYNAMIC_COPIED, Stage.VERIFIED, Stage.RAMPING);
    }

    @Override
    public Stage reaches() {
        return Stage.DYNAMIC_COPIED;
    }

    @Override
    public boolean reached(Register register) {
        return register.shadowPercent() == percent;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return List.of("compare " + percent + " % of the reads on both sides (now " + register.shadowPercent() + " %)");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        return List.of(Instances.followGate(context.control(), register));
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        Register next = context.move(
                register,
                register.withShadowPercent(percent),
                "reads",
                "Shadow reads: " + register.shadowPercent() + " % to " + percent + " %.",
                null);
        return Outcome.of(next, percent + " % of the reads are compared on both sides.");
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return List.of("compare no reads");
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        return new ShadowStep(0).run(context, register);
    }

    @Override
    public Stage undoneTo() {
        return Stage.VERIFIED;
    }
}
