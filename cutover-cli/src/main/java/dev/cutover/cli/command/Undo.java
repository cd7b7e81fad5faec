package dev.cutover.cli.command;

import dev.cutover.cli.step.Gate;
import dev.cutover.cli.step.Outcome;
import dev.cutover.cli.step.StageStep;
import dev.cutover.cli.step.StepContext;
import dev.cutover.cli.step.SwitchStep;
import dev.cutover.core.stage.Register;
import java.util.List;

/** The way back of one step. */
final class Undo implements StageRunner.Direction {
    private final StageStep step;

    Undo(StageStep step) {
        this.step = step;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return step.undoOutline(context, register);
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        return step instanceof SwitchStep switched ? switched.undoGates(context, register) : List.of();
    }

    @Override
    public Outcome go(StepContext context, Register register) {
        return step.undo(context, register);
    }
}
