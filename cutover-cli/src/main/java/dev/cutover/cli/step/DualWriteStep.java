package dev.cutover.cli.step;

import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.DatabaseId;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** STATIC_COPIED to DUAL_WRITE: the stream out of OLD has a start, and writes to OLD are mirrored to NEW. */
public final class DualWriteStep implements StageStep {
    private static final Duration FOLLOW = Duration.ofSeconds(10);

    @Override
    public String command() {
        return "dual-write on";
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(Stage.STATIC_COPIED);
    }

    @Override
    public Stage reaches() {
        return Stage.DUAL_WRITE;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return List.of(
                "empty the dynamic tables of new, where something is left in them",
                "record on old where the stream begins",
                "mirror on: every write to old is repeated on its shard, best effort; the stream delivers the rest",
                "stage STATIC_COPIED to DUAL_WRITE");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        boolean rolling = context.plan().strategy() == MigrationPlan.Strategy.ROLLING;
        return List.of(
                Gate.of(
                        "strategy",
                        rolling,
                        rolling ? "rolling" : "the plan stops the world: nothing is written twice",
                        "cutover stop-the-world run"),
                Gate.of("back office frozen", register.frozen(), register.frozen() ? "yes" : "no", "cutover freeze on"),
                Instances.workerGate(context.control()),
                Instances.followGate(context.control(), register));
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        // A copy begins on empty tables: a row that was deleted on old since an earlier try would stay for ever.
        DatabaseWork.named("empty the dynamic tables of new", command(), () -> {
            NewTables.emptyDynamic(context, register.epoch());
            return true;
        });
        // Before the first mirror and the first chunk: what commits after this point is in the stream.
        boolean recorded = DatabaseWork.named("record the start of the stream on old", command(), () -> {
            try (Connection connection =
                    context.topology().database(DatabaseId.OLD).getConnection()) {
                return Fence.recordStart(connection, register.epoch());
            }
        });
        if (!recorded) {
            throw new CommandFailedException(
                    Problem.GATE_NOT_MET,
                    "The fence of old is not primary in epoch " + register.epoch()
                            + ", so the start of the stream was not recorded.",
                    "cutover status   shows the fences");
        }
        DatabaseWork.named("note how much XA was used on old", command(), () -> {
            XaGate.note(context);
            return true;
        });
        Register next = context.move(
                register,
                register.withStage(Stage.DUAL_WRITE).withMirror(true),
                "stage",
                "Writes to old are mirrored to new.",
                null);
        boolean followed = Instances.awaitFollowers(context.control(), next, FOLLOW);
        return Outcome.of(
                next,
                "Writes go to old, then to new."
                        + (followed ? "" : " Some proxies have not seen it yet; the stream covers them.")
                        + " Undo:  cutover dual-write off");
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return List.of(
                "mirror off, the stream stops: stage DUAL_WRITE to STATIC_COPIED", "empty the dynamic tables of new");
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        Register next = context.move(
                register,
                register.withStage(Stage.STATIC_COPIED).withMirror(false),
                "stage",
                "Writes go to old alone again.",
                null);
        // A stream or a mirror that still runs would fill what is about to be emptied.
        boolean followed = Instances.awaitFollowers(context.control(), next, FOLLOW)
                & Instances.awaitWorkers(context.control(), next, FOLLOW);
        context.control().clearJob(CopyDynamicStep.JOB);
        context.control().clearChunks();
        DatabaseWork.named("empty the dynamic tables of new", "rollback", () -> {
            NewTables.emptyDynamic(context, register.epoch());
            return true;
        });
        return Outcome.of(
                next,
                followed
                        ? "Writes go to old alone; the dynamic tables of new are empty."
                        : "Writes go to old alone. A proxy or a worker has not followed in "
                                + FOLLOW.toSeconds()
                                + " s and may have left rows on new behind the emptying;  cutover dual-write on  empties the tables"
                                + " again.");
    }

    @Override
    public Stage undoneTo() {
        return Stage.STATIC_COPIED;
    }
}
