package dev.cutover.cli.step;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** SWITCHED to COMPLETED, for ever: nothing is carried back any more, and the fence of OLD stays closed. */
public final class CompleteStep implements StageStep {
    private static final Duration FOLLOW = Duration.ofSeconds(10);

    @Override
    public String command() {
        return "complete";
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(Stage.SWITCHED);
    }

    @Override
    public Stage reaches() {
        return Stage.COMPLETED;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return List.of(
                "mirror off, the reverse streams stop, back office no longer frozen",
                "the fence of old stays closed to the application for ever",
                "stage SWITCHED to COMPLETED; there is no way back: old may be shut down");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        return List.of(VerificationGate.of(context, register), Instances.followGate(context.control(), register));
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        Register next = context.move(
                register,
                register.withStage(Stage.COMPLETED)
                        .withMirror(false)
                        .withFrozen(false)
                        .withReadPercent(0)
                        .withShadowPercent(0),
                "stage",
                "Completed: new is the only side.",
                null);
        boolean followed = Instances.awaitFollowers(context.control(), next, FOLLOW);
        return Outcome.of(
                next,
                "New is the only side; "
                        + (followed ? "every proxy has seen it. " : "not every proxy has seen it yet. ")
                        + "The old server may be shut down.");
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return List.of();
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        throw new CommandFailedException(
                Problem.NO_WAY_BACK,
                "The migration is COMPLETED: what was written since has not been carried back to old.",
                "a migration the other way, with a plan of its own");
    }

    @Override
    public Stage undoneTo() {
        return Stage.COMPLETED;
    }
}
