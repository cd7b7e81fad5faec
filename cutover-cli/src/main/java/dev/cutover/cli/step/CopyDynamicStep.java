package dev.cutover.cli.step;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.console.Numbers;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.Problem;
import dev.cutover.core.plan.TablePlan;
import dev.cutover.core.stage.Chunk;
import dev.cutover.core.stage.Job;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** DUAL_WRITE to DYNAMIC_COPIED: asks the worker for the copy and watches it; the stream runs beside it all the time. */
public final class CopyDynamicStep implements StageStep {
    /** The job the worker looks for. */
    public static final String JOB = "copy-dynamic";

    private static final Duration ASK_AGAIN = Duration.ofMillis(250);
    private static final Duration FOREVER = Duration.ofDays(365);

    private final boolean restart;
    private final boolean detach;

    public CopyDynamicStep(boolean restart, boolean detach) {
        this.restart = restart;
        this.detach = detach;
    }

    @Override
    public String command() {
        return "copy dynamic";
    }

    @Override
    public Set<Stage> startsIn() {
        return Set.of(Stage.DUAL_WRITE);
    }

    @Override
    public Stage reaches() {
        return Stage.DYNAMIC_COPIED;
    }

    @Override
    public List<String> outline(StepContext context, Register register) {
        return List.of(
                (restart ? "forget what was copied, empty and copy " : "copy, or go on copying, ") + names(context)
                        + " to " + context.plan().layout().slots() + " physical tables each, in chunks of "
                        + Numbers.grouped(context.plan().copy().chunkRows()) + " rows",
                "the worker does it, slower while the stream lags more than "
                        + Numbers.duration(context.plan().copy().maxLag()),
                "stage DUAL_WRITE to DYNAMIC_COPIED when every chunk is done");
    }

    @Override
    public List<Gate> gates(StepContext context, Register register) {
        return List.of(Instances.workerGate(context.control()), Instances.followGate(context.control(), register));
    }

    @Override
    public Outcome run(StepContext context, Register register) {
        Optional<Job> job = context.control().job(JOB);
        if (restart) {
            context.control().clearJob(JOB);
            context.control().clearChunks();
            DatabaseWork.named("empty the dynamic tables of new", command() + " --restart", () -> {
                NewTables.emptyDynamic(context, register.epoch());
                return true;
            });
            job = Optional.empty();
        }
        if (job.isEmpty() || job.get().state() == Job.State.FAILED) {
            context.control().requestJob(JOB, context.actor(), null);
        } else if (job.get().state() == Job.State.PAUSED) {
            context.control().updateJob(JOB, Set.of(Job.State.PAUSED), Job.State.REQUESTED, null);
        }
        if (detach && context.control().job(JOB).map(Job::state).orElse(Job.State.REQUESTED) != Job.State.DONE) {
            return Outcome.of(
                    register, "The worker copies. Watch:  cutover status --watch   then  cutover copy dynamic");
        }
        await(context);
        return finished(context, register);
    }

    private static void await(StepContext context) {
        Duration timeout = context.timeout();
        Job.State[] state = {Job.State.REQUESTED};
        boolean ended = Waiting.until(timeout == null ? FOREVER : timeout, ASK_AGAIN, () -> {
            state[0] = context.control().job(JOB).map(Job::state).orElse(Job.State.FAILED);
            WorkerView.read(context.control())
                    .ifPresent(worker -> context.narrator().progress(lines(worker)));
            return state[0] == Job.State.DONE || state[0] == Job.State.FAILED;
        });
        if (!ended) {
            throw new CommandFailedException(
                    Problem.HALF_WAY,
                    "The copy is still running (" + state[0] + "); the worker goes on with it.",
                    "cutover copy dynamic   watches it again,  cutover status  shows how far it is");
        }
        if (state[0] == Job.State.FAILED) {
            throw new CommandFailedException(
                    Problem.HALF_WAY,
                    "The copy stopped: " + reason(context) + ".",
                    "remove the cause, then  cutover copy dynamic   goes on with the chunks that are left");
        }
    }

    private static List<String> lines(WorkerView worker) {
        List<String> lines = new ArrayList<>(CopyLines.of(worker));
        if (!worker.trouble().isEmpty()) {
            lines.add("  the copy waits: " + worker.trouble());
        }
        return lines;
    }

    private static String reason(StepContext context) {
        JsonNode detail =
                Json.parse(context.control().job(JOB).map(Job::detailJson).orElse(null));
        if (detail == null) {
            return "the worker gave no reason";
        }
        for (String name : List.of("error", "reason", "message")) {
            if (detail.path(name).isTextual()) {
                return detail.path(name).asText();
            }
        }
        return detail.toString();
    }

    private Outcome finished(StepContext context, Register register) {
        long rows = 0;
        long chunks = 0;
        for (TablePlan table : context.plan().dynamicTables()) {
            List<Chunk> done = context.control().chunks(table.name());
            chunks += done.size();
            rows += done.stream().mapToLong(Chunk::rows).sum();
        }
        Register now = context.control().read();
        if (now.stage() != register.stage() || now.phase() != register.phase()) {
            throw StepFailures.registerMoved(register, now);
        }
        ObjectNode facts = Json.object();
        facts.put("rows", rows);
        facts.put("chunks", chunks);
        JsonNode detail =
                Json.parse(context.control().job(JOB).map(Job::detailJson).orElse(null));
        if (detail != null) {
            facts.set("job", detail);
        }
        Register next = context.move(
                now,
                now.withStage(Stage.DYNAMIC_COPIED),
                "stage",
                "Dynamic tables copied: " + Numbers.grouped(rows) + " rows in " + chunks + " chunks.",
                facts.toString());
        return new Outcome(
                next,
                Numbers.grouped(rows) + " rows of "
                        + context.plan().dynamicTables().size() + " tables copied in " + chunks
                        + " chunks; the stream keeps them in step.",
                List.of(),
                facts);
    }

    @Override
    public List<String> undoOutline(StepContext context, Register register) {
        return List.of(
                "stage DYNAMIC_COPIED to DUAL_WRITE, the chunks are forgotten",
                "empty " + names(context) + " on every shard database; the stream and the mirrors go on");
    }

    @Override
    public Outcome undo(StepContext context, Register register) {
        // The chunks first: a chunk that counts as done must never outlive its rows.
        context.control().clearJob(JOB);
        context.control().clearChunks();
        Register next = context.move(
                register,
                register.withStage(Stage.DUAL_WRITE),
                "stage",
                "The copy of the dynamic tables is undone.",
                null);
        DatabaseWork.named("empty the dynamic tables of new", "rollback", () -> {
            NewTables.emptyDynamic(context, register.epoch());
            return true;
        });
        return Outcome.of(next, "The dynamic tables of new were emptied; the stream goes on.");
    }

    @Override
    public Stage undoneTo() {
        return Stage.DUAL_WRITE;
    }

    private static List<String> names(StepContext context) {
        return context.plan().dynamicTables().stream().map(TablePlan::name).toList();
    }
}
