package dev.cutover.cli.step;

import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import java.util.List;
import java.util.Set;

/** PLANNED to FROZEN: the back office stops changing what is copied only once. */
public final class FreezeStep implements StageStep {
    @Override
    public String command() {
        return "freeze on";
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(Stage.PLANNED);
    }

    @Override
    public Stage reaches() {
        return Stage.FROZEN;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return List.of(
                "tell every service instance to refuse back-office changes of "
                        + String.join(", ", context.plan().frozenTables()),
                "stage PLANNED to FROZEN");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        return List.of();
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        Register next = context.move(
                register,
                register.withStage(Stage.FROZEN).withFrozen(true),
                "stage",
                "Back office frozen: " + String.join(", ", context.plan().frozenTables()) + ".",
                null);
        return Outcome.of(
                next,
                "The back office is frozen (" + context.plan().frozenTables().size()
                        + " tables). Undo:  cutover freeze off");
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return List.of("let the back office change its tables again", "stage FROZEN to PLANNED");
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        Register next = context.move(
                register,
                register.withStage(Stage.PLANNED).withFrozen(false),
                "stage",
                "Back office no longer frozen.",
                null);
        return Outcome.of(next, "The back office may change its tables again.");
    }

    @Override
    public Stage undoneTo() {
        return Stage.PLANNED;
    }
}
