package dev.cutover.cli.step;

import dev.cutover.core.fence.CloseOutcome;
import dev.cutover.core.fence.Epoch;
import dev.cutover.core.fence.Fence;
import dev.cutover.core.fence.FenceCloser;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.DatabaseId;
import dev.cutover.core.topology.Side;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt to move the truth from one side to the other. Owned by one thread.
 *
 * <p>Idea: close every database of the side being left; a marker behind the last write shows when the stream has carried everything over;
 * beside it what needs more than one row is handed over, which depends on the closed side alone; record where the way back begins, and
 * compare once more; then one compare-and-set decides, and only after it is the other side opened. Invariant: between the first close and the decision nobody can write anywhere, and until the decision anybody can
 * abort by the same compare-and-set. Without the marker a write in flight is lost; without the start before the open a write right after
 * it never finds its way back; without one decision two processes could open both sides.
 */
final class SwitchRun {
    static final String CLAIMED = "switch-claim";
    static final String COMMITTED = "switch-commit";
    static final String ABORTED = "switch-abort";
    static final String SETTLED = "switch-settled";

    private static final Logger LOG = LoggerFactory.getLogger(SwitchRun.class);

    private final StepContext context;
    private final Side to;
    private final SwitchLimits limits;
    private final CarryOver carryOver;
    private final SwitchSettlement settlement;
    private final DefinitionHold definitions;
    private final SwitchClock clock;
    private final List<String> handedOver = new ArrayList<>();
    private long compared;

    SwitchRun(StepContext context, Side to, SwitchLimits limits, CarryOver carryOver) {
        this.context = context;
        this.to = to;
        this.limits = limits;
        this.carryOver = carryOver;
        this.settlement = new SwitchSettlement(context);
        this.definitions = new DefinitionHold(context);
        this.clock = new SwitchClock(context.failpoints());
    }

    /** How an attempt ended; the reason is empty when it committed. */
    record Result(
            Register register,
            boolean committed,
            String reason,
            List<String> details,
            List<String> handedOver,
            long compared,
            SwitchClock clock) {}

    /** Claims, and either commits or leaves everything where it was. */
    Result attempt(Register stable) {
        List<FenceCloser> closers = new CopyOnWriteArrayList<>();
        try (definitions) {
            return attempt(stable, closers);
        } finally {
            closers.forEach(FenceCloser::close);
        }
    }

    private Result attempt(Register stable, List<FenceCloser> closers) {
        HandoverStep handover = new HandoverStep(context, stable, to);
        try {
            handover.prepare();
            carryOver.prepare();
            warmUp();
            holdDefinitions();
            openClosers(closers);
            rehearse(closers);
            definitions.requireNobodyWaits();
        } catch (SwitchStoppedException e) {
            return stopped(stable, e.sentence(), e.details());
        } catch (SQLException e) {
            return stopped(stable, "could not prepare: " + e.getMessage(), List.of());
        }
        clock.reached(SwitchPoint.PREPARED);
        Register claimed = claim(stable);
        clock.reached(SwitchPoint.CLAIMED);
        Register committed;
        try {
            underClosedFences(claimed, handover, closers);
            committed = decide(claimed);
        } catch (SwitchStoppedException e) {
            return aborted(e.sentence(), e.details());
        } catch (SQLException | RuntimeException e) {
            LOG.warn("The switch to {} stopped", to, e);
            return aborted(String.valueOf(e.getMessage()), List.of());
        }
        clock.reached(SwitchPoint.DECIDED);
        // From here on a definition change is one of the truth; nobody waits for the sessions to end.
        context.threads().execute(definitions::close);
        settlement.carryOut(committed, clock);
        return new Result(context.control().read(), true, "", List.of(), handedOver, compared, clock);
    }

    // Seconds where there are thousands of tables, so before the sessions that close stand ready. Whoever wants to
    // change
    // a table waits from here on, and is asked for once more right before the claim.
    private void holdDefinitions() throws SQLException {
        definitions.take();
        Optional<VerificationRecord> verified = carryOver.reliesOn();
        if (verified.isPresent()) {
            definitions.requireAsIn(verified.get());
        }
    }

    // Whoever holds a fence now and does not let go of it would keep the abort waiting, too, and with it every writer:
    // better to find out while there is nothing to abort.
    private void rehearse(List<FenceCloser> closers) throws SQLException {
        List<FenceCloser> open = closers;
        long begun = System.nanoTime();
        while (true) {
            List<Callable<Optional<CloseOutcome>>> tasks = new ArrayList<>();
            for (FenceCloser closer : open) {
                tasks.add(closer::rehearse);
            }
            long asked = System.nanoTime();
            List<CloseOutcome> blocked = Together.call(context.threads(), tasks).stream()
                    .flatMap(Optional::stream)
                    .toList();
            clock.rehearsed(Duration.ofNanos(System.nanoTime() - asked));
            open = of(blocked, closers);
            if (open.isEmpty()) {
                return;
            }
            boolean late = System.nanoTime() - begun > limits.writePause().toNanos();
            definitions.requireNobodyWaits();
            // The writers that queued behind the request go first.
            if (late || !Waiting.pause(limits.lockWait())) {
                throw new SwitchStoppedException(
                        "The fence of " + databases(blocked) + " could not be closed within the write pause.",
                        blockers(blocked));
            }
        }
    }

    private void openClosers(List<FenceCloser> closers) throws SQLException {
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (DatabaseId database : Streams.databases(context.topology(), to.other())) {
            tasks.add(() ->
                    closers.add(FenceCloser.open(context.topology(), database, limits.lockWait(), context.actor())));
        }
        Together.call(context.threads(), tasks);
    }

    private static List<FenceCloser> of(List<CloseOutcome> blocked, List<FenceCloser> closers) {
        List<DatabaseId> databases = databases(blocked);
        return closers.stream()
                .filter(closer -> databases.contains(closer.database()))
                .toList();
    }

    private static List<DatabaseId> databases(List<CloseOutcome> blocked) {
        return blocked.stream().map(CloseOutcome::database).toList();
    }

    private Register claim(Register stable) {
        Register next =
                stable.claimed(to, context.actor(), context.control().now().plus(limits.lease()));
        return context.move(stable, next, CLAIMED, "Switch to " + to + " claimed as epoch " + next.epoch() + ".", null);
    }

    private void underClosedFences(Register claimed, HandoverStep handover, List<FenceCloser> closers)
            throws SQLException {
        Epoch epoch = claimed.epoch();
        clock.pauseBegins();
        close(epoch, closers);
        clock.reached(SwitchPoint.CLOSED);
        carryOver.mark(epoch, clock);
        beside(
                SwitchPoint.HANDED_OVER,
                () -> handedOver.addAll(handover.finish()),
                () -> carryOver.everything(clock, this::left, definitions::requireNobodyWaits));
        beside(SwitchPoint.STARTED, () -> recordStarts(epoch), () -> compared = lastLook(epoch));
        clock.reached(SwitchPoint.CHECKED);
    }

    // What was read before the pause and was to stay so, beside the comparison of the newest rows.
    private long lastLook(Epoch epoch) throws SQLException {
        List<Callable<Long>> looks = new ArrayList<>();
        looks.add(() -> carryOver.check(epoch, this::left));
        looks.add(() -> {
            definitions.requireHeld();
            return 0L;
        });
        looks.add(() -> {
            Gate xa = XaGate.nonePrepared(context, to.other());
            if (!xa.met()) {
                throw new SwitchStoppedException("An XA transaction may hold rows back: " + xa.finding());
            }
            return 0L;
        });
        return Together.call(context.threads(), looks).get(0);
    }

    // Two things that do not depend on one another: the pause is as long as the longer one. What the shorter one takes
    // shows in the figures only where it is the longer one.
    private void beside(SwitchPoint reached, Work shorter, Work longer) throws SQLException {
        List<Callable<Boolean>> both = new ArrayList<>();
        both.add(() -> {
            longer.run();
            return true;
        });
        both.add(() -> {
            shorter.run();
            context.failpoints().hit(reached.failpoint());
            return true;
        });
        Together.call(context.threads(), both);
        clock.joined(reached);
    }

    @FunctionalInterface
    private interface Work {
        void run() throws SQLException;
    }

    // Every database at once, each as often as the budget allows: a close that is blocked holds new writers up only for
    // the lock
    // wait, but the databases closed beside it hold theirs until the abort, so there is no second of back-off in here.
    private void close(Epoch epoch, List<FenceCloser> closers) throws SQLException {
        List<FenceCloser> open = closers;
        List<CloseOutcome> blocked = List.of();
        while (!open.isEmpty()) {
            List<Callable<CloseOutcome>> tasks = new ArrayList<>();
            for (FenceCloser closer : open) {
                tasks.add(() -> closer.close(epoch));
            }
            blocked = Together.call(context.threads(), tasks).stream()
                    .filter(outcome -> !outcome.closed())
                    .toList();
            open = of(blocked, closers);
            boolean superseded = blocked.stream().anyMatch(outcome -> outcome.kind() == CloseOutcome.Kind.SUPERSEDED);
            if (!open.isEmpty()) {
                definitions.requireNobodyWaits();
            }
            if (superseded || !open.isEmpty() && clock.pausedFor().compareTo(limits.writePause()) > 0) {
                break;
            }
        }
        if (!open.isEmpty()) {
            throw new SwitchStoppedException(
                    "The fence of " + databases(blocked) + " could not be closed within the write pause.",
                    blockers(blocked));
        }
    }

    private static List<String> blockers(List<CloseOutcome> blocked) {
        List<String> lines = new ArrayList<>();
        for (CloseOutcome outcome : blocked) {
            if (outcome.kind() == CloseOutcome.Kind.SUPERSEDED) {
                lines.add(outcome.database() + ": the fence has moved on to "
                        + outcome.fence().describe());
            }
            outcome.blockers().forEach(blocker -> lines.add(outcome.database() + ": " + blocker.describe()));
            String unknown = outcome.blockersUnknown();
            if (unknown != null) {
                lines.add(outcome.database() + ": blockers unknown (" + unknown + ")");
            }
        }
        return lines;
    }

    private void recordStarts(Epoch epoch) throws SQLException {
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (DatabaseId database : Streams.databases(context.topology(), to)) {
            tasks.add(() -> {
                try (Connection connection =
                        context.topology().database(database).getConnection()) {
                    if (!Fence.recordStart(connection, epoch)) {
                        throw new SwitchStoppedException("The start of the way back could not be recorded on "
                                + database + ": its fence is "
                                + Fence.read(connection).describe() + ".");
                    }
                }
                return true;
            });
        }
        Together.call(context.threads(), tasks);
    }

    private Register decide(Register claimed) {
        Duration paused = clock.pausedFor();
        if (paused.compareTo(limits.writePause()) > 0) {
            throw new SwitchStoppedException(
                    "The write pause of " + limits.writePause().toMillis() + " ms is used up: " + paused.toMillis()
                            + " ms (" + clock.text() + ").");
        }
        Register next = claimed.decided(Register.Decision.COMMIT);
        if (!context.control()
                .compareAndSet(
                        claimed,
                        next,
                        context.event(
                                COMMITTED,
                                "Switch to " + to + " decided in epoch " + claimed.epoch() + ".",
                                claimed,
                                next,
                                clock.json().toString()))) {
            throw new SwitchStoppedException(
                    "Somebody else decided: " + context.control().read().decision() + ".");
        }
        return context.control().read();
    }

    private Duration left() {
        Duration left = limits.writePause().minus(clock.pausedFor());
        return left.isNegative() ? Duration.ZERO : left;
    }

    private Result aborted(String reason, List<String> details) {
        // An applier that waits behind a definition change holds a fence that the abort has to raise.
        definitions.close();
        return stopped(settlement.settle(reason), reason, details);
    }

    private Result stopped(Register register, String reason, List<String> details) {
        boolean committed = register.truth() == to;
        return new Result(register, committed, reason, details, handedOver, compared, clock);
    }

    // A pool opens its first session in tens of milliseconds; not inside the pause.
    private void warmUp() throws SQLException {
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (DatabaseId database : context.plan().databases()) {
            tasks.add(() -> {
                try (Connection first = context.topology().database(database).getConnection();
                        Connection second =
                                context.topology().database(database).getConnection()) {
                    return first.isValid(2) && second.isValid(2);
                }
            });
        }
        Together.call(context.threads(), tasks);
    }
}
