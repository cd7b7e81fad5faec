package dev.cutover.cli.step;

import dev.cutover.core.failpoint.Failpoints;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.EventDraft;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Topology;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * What a step works with.
 *
 * @param threads runs what is done on several databases at once; has a thread for each of them
 * @param actor named in events
 * @param reason stored with events
 * @param timeout how long the step may take; null is the step's own default
 * @param failpoints where a test may interfere; nothing in production
 */
public record StepContext(
        MigrationPlan plan,
        Topology topology,
        ControlDatabase control,
        ExecutorService threads,
        String actor,
        @Nullable String reason,
        @Nullable Duration timeout,
        Narrator narrator,
        Failpoints failpoints) {

    /** The event of a move between two registers. */
    EventDraft event(String kind, String summary, Register from, Register to, @Nullable String detailJson) {
        return new EventDraft(
                actor,
                kind,
                summary,
                from.stage() + "/" + from.mode() + "/" + from.epoch(),
                to.stage() + "/" + to.mode() + "/" + to.epoch(),
                reason,
                detailJson);
    }

    /** Moves the register, or fails because somebody else did. */
    Register move(Register from, Register to, String kind, String summary, @Nullable String detailJson) {
        if (!control.compareAndSet(from, to, event(kind, summary, from, to, detailJson))) {
            throw StepFailures.registerMoved(from, control.read());
        }
        return control.read();
    }
}
