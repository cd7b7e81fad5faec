package dev.cutover.cli.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutover.cli.console.Console;
import dev.cutover.cli.console.Json;
import dev.cutover.cli.failure.CommandFailedException;
import dev.cutover.cli.failure.ExitCode;
import dev.cutover.cli.failure.Problem;
import dev.cutover.cli.step.Gate;
import dev.cutover.cli.step.Outcome;
import dev.cutover.cli.step.StageOrder;
import dev.cutover.cli.step.StageStep;
import dev.cutover.cli.step.StepContext;
import dev.cutover.core.plan.MigrationPlan;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs one step the way every mutating command does: expectations, order, gates, agreement, lock, run, what comes next. */
final class StageRunner {
    private final Invocation invocation;
    private final MutationFlags flags;
    private final Console console;

    StageRunner(Invocation invocation, MutationFlags flags) {
        this.invocation = invocation;
        this.flags = flags;
        this.console = invocation.console();
    }

    /** What is done with a step: its run or its undo. */
    interface Direction {
        List<String> outline(StepContext context, Register register);

        List<Gate> gates(StepContext context, Register register);

        Outcome go(StepContext context, Register register);
    }

    /** Runs a step forward. */
    int run(StageStep step, Severity severity) {
        try (Migration migration = invocation.open()) {
            Register register = migration.register();
            expect(register);
            if (step.reached(register)) {
                return already(migration.plan(), step, register);
            }
            inOrder(migration.plan(), step, register);
            return perform(migration, register, step.command(), severity, new Direction() {
                @Override
                public List<String> outline(StepContext context, Register from) {
                    return step.outline(context, from);
                }

                @Override
                public List<Gate> gates(StepContext context, Register from) {
                    return step.gates(context, from);
                }

                @Override
                public Outcome go(StepContext context, Register from) {
                    return step.run(context, from);
                }
            });
        }
    }

    /** Checks gates and agreement, takes the lock, goes, and says what happened. */
    int perform(Migration migration, Register register, String command, Severity severity, Direction direction) {
        MigrationPlan plan = migration.plan();
        StepContext context = migration.context(flags.reason, flags.timeout, new ConsoleNarrator(console));
        samePlan(plan, register);
        stable(register);
        List<String> outline = numbered(direction.outline(context, register));
        List<Gate> gates = direction.gates(context, register);
        if (flags.dryRun) {
            dryRun(plan, command, outline, gates);
        }
        requireMet(command, gates);
        if (flags.dryRun) {
            return ExitCode.DONE.number();
        }
        List<String> shown = new ArrayList<>();
        shown.add("cutover " + command + " will:");
        shown.addAll(outline);
        Confirmation.require(
                severity, "cutover " + command, plan.migration(), shown, flags, invocation.root().noInput, console);
        try (CommandLock lock = CommandLock.take(migration.control(), migration.actor(), command)) {
            Register now = migration.register();
            if (now.version() != register.version()) {
                throw new CommandFailedException(
                        Problem.REGISTER_MOVED,
                        "The migration moved while the command was being agreed to: it is in " + now.stage()
                                + " now, version " + now.version() + ".",
                        "cutover status");
            }
            Outcome outcome = direction.go(context, now);
            lock.check();
            report(plan, command, outcome);
        }
        return ExitCode.DONE.number();
    }

    void expect(Register register) {
        Stage stage = flags.expectStage;
        if (stage != null && stage != register.stage()) {
            throw new CommandFailedException(
                    Problem.EXPECTATION_FAILED,
                    "The migration is in " + register.stage() + ", not in " + stage + " as --expect-stage says.",
                    "cutover status");
        }
        Long epoch = flags.expectEpoch;
        if (epoch != null && epoch != register.epoch().number()) {
            throw new CommandFailedException(
                    Problem.EXPECTATION_FAILED,
                    "The epoch is " + register.epoch() + ", not " + epoch + " as --expect-epoch says.",
                    "cutover status");
        }
    }

    static void samePlan(MigrationPlan plan, Register register) {
        if (register.stage() != Stage.PLANNED && !register.planHash().equals(plan.hash())) {
            throw new CommandFailedException(
                    Problem.PLAN_CHANGED,
                    "The plan is not the one this migration was begun with; what is copied and compared would not be"
                            + " the same any more.",
                    "restore the plan file, or  cutover rollback --to PLANNED  and  cutover init  with the new one");
        }
    }

    static void stable(Register register) {
        if (register.phase() == Register.Phase.SWITCHING) {
            throw new CommandFailedException(
                    Problem.HALF_WAY,
                    "A switch to " + register.switchTo() + " is under way since epoch " + register.epoch()
                            + ", driven by "
                            + register.leaseOwner() + " until " + register.leaseUntil() + " (decision "
                            + register.decision() + ").",
                    "cutover switch --resume   when it does not end by itself in a few seconds");
        }
    }

    private int already(MigrationPlan plan, StageStep step, Register register) {
        ObjectNode body = Json.object();
        body.put("command", step.command());
        body.put("already", true);
        body.put("stage", register.stage().name());
        body.put("epoch", register.epoch().number());
        console.result(
                "Step",
                plan.migration(),
                body,
                to -> to.line("Already done: " + plan.migration() + " is in " + register.stage() + "."));
        return ExitCode.DONE.number();
    }

    private static void inOrder(MigrationPlan plan, StageStep step, Register register) {
        if (step.startsIn().contains(register.stage())) {
            return;
        }
        String next = StageOrder.nextCommand(plan, register.stage());
        throw new CommandFailedException(
                Problem.WRONG_ORDER,
                "cutover " + step.command() + " begins in "
                        + String.join(
                                " or ",
                                step.startsIn().stream()
                                        .sorted()
                                        .map(Stage::name)
                                        .toList())
                        + "; " + plan.migration() + " is in " + register.stage() + ".",
                next == null ? "cutover status" : "cutover " + next);
    }

    private static List<String> numbered(List<String> outline) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < outline.size(); i++) {
            lines.add("  " + (i + 1) + " " + outline.get(i));
        }
        return lines;
    }

    static void requireMet(String command, List<Gate> gates) {
        List<Gate> unmet = gates.stream().filter(gate -> !gate.met()).toList();
        if (unmet.isEmpty()) {
            return;
        }
        throw new CommandFailedException(
                Problem.GATE_NOT_MET,
                "cutover " + command + " is refused: " + unmet.size() + " of " + gates.size() + " gates "
                        + (unmet.size() == 1 ? "is" : "are") + " not met.",
                unmet.get(0).fix(),
                unmet.stream().map(gate -> gate.name() + ": " + gate.finding()).toList());
    }

    private void dryRun(MigrationPlan plan, String command, List<String> outline, List<Gate> gates) {
        ObjectNode body = Json.object();
        body.put("command", command);
        body.set("steps", Json.array(outline.stream().map(String::strip).toList()));
        body.set("gates", json(gates));
        console.result("DryRun", plan.migration(), body, to -> {
            to.line("Would run  cutover " + command + "  for " + plan.migration() + ":");
            to.lines(outline);
            lines(gates, to);
        });
    }

    static ArrayNode json(List<Gate> gates) {
        ArrayNode array = Json.array();
        for (Gate gate : gates) {
            array.addObject()
                    .put("name", gate.name())
                    .put("met", gate.met())
                    .put("finding", gate.finding())
                    .put("fix", gate.met() ? null : gate.fix());
        }
        return array;
    }

    static void lines(List<Gate> gates, Console to) {
        for (Gate gate : gates) {
            String mark = gate.met() ? to.good("✔") : to.bad("✘");
            to.line("  " + mark + " " + gate.name() + ": " + gate.finding());
        }
    }

    private void report(MigrationPlan plan, String command, Outcome outcome) {
        Register register = outcome.register();
        @Nullable String next = StageOrder.nextCommand(plan, register.stage());
        ObjectNode body = Json.object();
        body.put("command", command);
        body.put("already", false);
        body.put("stage", register.stage().name());
        body.put("epoch", register.epoch().number());
        body.put("truth", register.truth().name());
        body.put("sentence", outcome.sentence());
        body.set("facts", outcome.facts());
        body.set(
                "next_steps",
                Json.array()
                        .add(Json.object()
                                .put("command", next == null ? null : "cutover " + next)
                                .put("why", StageOrder.why(register.stage()))));
        console.result("Step", plan.migration(), body, to -> {
            to.line(to.good("✔") + " " + outcome.sentence());
            outcome.details().forEach(detail -> to.line("    " + detail));
            if (next != null) {
                to.line("Next:  cutover " + next + "   (" + StageOrder.why(register.stage()) + ")");
            }
        });
    }
}
