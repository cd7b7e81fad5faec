package dev.cutover.cli.step;

import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import java.util.List;
import java.util.Set;

/** One stage of the migration: when it may begin, what it does, how it is undone. Stateless, safe for many threads. */
public interface StageStep {
    /** The words after {@code cutover} that run it. */
    String command();

    /** The stages it may begin in. */
    Set<Stage> startsIn();

    /** The stage it leads to. */
    Stage reaches();

    /** Whether there is nothing left to do. */
    default boolean reached(Register register) {
        return register.stage().atLeast(reaches());
    }

    /** What it will do, in order. */
    List<String> outline(StepContext context, Register register);

    /** Its conditions, each as found now. */
    List<Gate> gates(StepContext context, Register register);

    /** Does it; the gates were met and the change agreed to. */
    Outcome run(StepContext context, Register register);

    /** What going back from {@link #reaches()} does, in order. */
    List<String> undoOutline(StepContext context, Register register);

    /** Goes back to {@link #undoneTo()}. */
    Outcome undo(StepContext context, Register register);

    /** The stage that an undo leads to. */
    Stage undoneTo();
}
