package dev.cutover.cli.step;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.stage.Register;

/** Failures that several steps have in common. */
final class StepFailures {
    private StepFailures() {}

    static CommandFailedException registerMoved(Register expected, Register found) {
        return new CommandFailedException(
                Problem.REGISTER_MOVED,
                "Somebody else moved the migration meanwhile: expected version " + expected.version() + " ("
                        + expected.stage() + "), found version " + found.version() + " (" + found.stage() + ").",
                "cutover status");
    }
}
