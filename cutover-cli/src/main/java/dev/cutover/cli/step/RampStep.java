package dev.cutover.cli.step;

import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import java.util.List;
import java.util.Set;

/** VERIFIED to RAMPING: a growing share of users reads from NEW while OLD is still the truth. */
public final class RampStep implements StageStep {
    private final int percent;

    public RampStep(int percent) {
        this.percent = percent;
    }

    /** The next step of the plan above a share; 100 when there is none. */
    public static int nextPercent(List<Integer> steps, int current) {
        return steps.stream().filter(step -> step > current).findFirst().orElse(100);
    }

    @Override
    public String command() {
        return "reads ramp --to " + percent;
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(Stage.VERIFIED, Stage.RAMPING);
    }

    @Override
    public Stage reaches() {
        return Stage.RAMPING;
    }

    @Override
    public boolean reached(Register register) {
        return register.readPercent() == percent
                && (register.stage() == Stage.RAMPING || percent == 0 && register.stage() == Stage.VERIFIED);
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return List.of("reads of " + percent + " % of the users go to new (now " + register.readPercent()
                + " %); fresh reads and writes stay on old");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        if (percent <= register.readPercent()) {
            return List.of();
        }
        return List.of(
                VerificationGate.of(context, register),
                Instances.workerGate(context.control()),
                LagGate.of(context.control(), context.plan().switchPlan().maxLag(), "reads ramp --to " + percent),
                Instances.followGate(context.control(), register));
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        Stage stage = percent == 0 ? Stage.VERIFIED : Stage.RAMPING;
        Register next = context.move(
                register,
                register.withStage(stage).withReadPercent(percent),
                "reads",
                "Reads on new: " + register.readPercent() + " % to " + percent + " %.",
                null);
        return Outcome.of(
                next,
                percent + " % of the users read from new." + (percent == 0 ? "" : " Undo:  cutover reads ramp --to 0"));
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return List.of("all reads go to old again; stage RAMPING to VERIFIED");
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        Register next = context.move(
                register,
                register.withStage(Stage.VERIFIED).withReadPercent(0),
                "reads",
                "Reads on new: " + register.readPercent() + " % to 0 %.",
                null);
        return Outcome.of(next, "All reads go to old.");
    }

    @Override
    public Stage undoneTo() {
        return Stage.VERIFIED;
    }
}
