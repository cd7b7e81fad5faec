package dev.cutover.cli.step;

import dev.cutover.verifier.NewestRows;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Compares the newest rows of every dynamic table under the closed fences.
 *
 * <p>The drain proves that every write has been applied and the grid proved, minutes ago, that what is applied is equal. What neither has
 * seen is the last moment: so the rows with the highest keys of both sides are compared once more where nothing moves. They are few because
 * writers wait meanwhile.
 */
final class FinalCheck {
    private static final int NAMED = 10;

    private final StepContext context;
    private @Nullable NewestRows newest;

    FinalCheck(StepContext context) {
        this.context = context;
    }

    /** Before the pause. */
    void prepare() throws SQLException {
        newest = NewestRows.prepare(context.plan(), context.topology(), context.threads());
    }

    /** Returns how many rows were compared; stops the switch when one differs. */
    int run() throws SQLException {
        NewestRows prepared = newest;
        if (prepared == null) {
            throw new IllegalStateException("The final check is prepared before the pause.");
        }
        NewestRows.Outcome outcome = prepared.compare();
        if (!outcome.unequal().isEmpty()) {
            throw new SwitchStoppedException(
                    "The newest rows differ between old and new: "
                            + outcome.unequal().size() + " of " + outcome.rows() + ".",
                    outcome.unequal().stream().limit(NAMED).toList());
        }
        return outcome.rows();
    }
}
