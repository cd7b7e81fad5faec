package dev.cutover.chaos.operate;

import dev.cutover.chaos.history.Side;
import dev.cutover.chaos.stand.BankServers;
import dev.cutover.chaos.stand.ChaosFailedException;
import dev.cutover.cli.step.Waiting;
import dev.cutover.core.failpoint.Failpoint;
import dev.cutover.sandbox.JavaProcess;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Switches and rolls back, again and again, as somebody would who is often interrupted: every second move begins with a coordinator that
 * dies, stops, waits or has a rival at a point drawn by lot. Owned by one thread.
 */
public final class Operator {
    private static final Logger LOG = LoggerFactory.getLogger(Operator.class);
    private static final Duration STEP = Duration.ofMinutes(3);
    private static final Duration MOMENT = Duration.ofMillis(700);
    private static final Duration PROCESS = Duration.ofSeconds(100);
    private static final List<Failpoint> SWITCHING = Arrays.stream(Failpoint.values())
            .filter(point -> point.word().startsWith("switch."))
            .toList();
    private static final List<Failpoint> ABORTING = Arrays.stream(Failpoint.values())
            .filter(point -> point.word().startsWith("abort."))
            .toList();

    private final BankServers servers;
    private final Commands commands;
    private final SplittableRandom random;
    private int mishaps;
    private int cycles;

    public Operator(BankServers servers, Commands commands, long seed) {
        this.servers = servers;
        this.commands = commands;
        this.random = new SplittableRandom(seed);
    }

    /** Installs the plan; before that no process can run. */
    public void install() {
        commands.must("init", "--yes");
    }

    /** From an installed plan to dual write. */
    public void prepare() {
        commands.must("freeze", "on");
        commands.must("single-write", "--yes");
        commands.must("copy", "static", "--yes");
        insist("dual-write on", () -> commands.run("dual-write", "on", "--yes").exit() == 0);
    }

    /** Copies, again where that was interrupted, and verifies. */
    public void copy() {
        insist("copy dynamic", () -> commands.run("copy", "dynamic", "--yes").exit() == 0);
        verified();
    }

    /** Whole switches and rollbacks so far. */
    public int cycles() {
        return cycles;
    }

    /** Moves in which the coordinator was interfered with. */
    public int mishaps() {
        return mishaps;
    }

    /** There and back, each after a clean verification. */
    public void cycle(boolean rough) {
        verified();
        move(Side.NEW, rough);
        verified();
        move(Side.OLD, rough);
        cycles++;
    }

    /** Waits for a verification that finds everything equal; one that finds a difference ends the run. */
    public void verified() {
        insist("verify once", () -> {
            Commands.Verdict verdict = commands.verify().orElse(Commands.Verdict.INCONCLUSIVE);
            if (verdict == Commands.Verdict.DIFFERENT) {
                throw new ChaosFailedException("verify once found a difference that nobody planted.", null);
            }
            return verdict == Commands.Verdict.EQUAL;
        });
    }

    /** Moves the truth without a mishap. */
    public void cleanMove(Side to) {
        move(to, false);
    }

    private void move(Side to, boolean rough) {
        if (rough && random.nextInt(2) == 0) {
            mishap(to);
            mishaps++;
        }
        insist("move to " + to, () -> {
            settled();
            if (truth() == to) {
                return true;
            }
            Commands.Ended ended = commands.run(words(to));
            if (ended.exit() != 0) {
                LOG.info("{} ended with {}: {}", String.join(" ", words(to)), ended.exit(), ended.words());
            }
            return ended.exit() == 0;
        });
    }

    private static String[] words(Side to) {
        return to == Side.NEW
                ? new String[] {"switch", "--confirm=bank", "--reason=chaos"}
                : new String[] {"rollback", "--yes", "--reason=chaos"};
    }

    /** A coordinator that does not come to its end undisturbed, and perhaps a second one. */
    private void mishap(Side to) {
        boolean aborting = random.nextInt(5) == 0;
        List<Failpoint> points = aborting ? ABORTING : SWITCHING;
        Failpoint point = points.get(random.nextInt(points.size()));
        String action = switch (random.nextInt(4)) {
            case 0, 1 -> "halt";
            case 2 -> "stop";
            default -> "pause:" + random.nextInt(100, 2_500);
        };
        String[] words = words(to);
        // A coordinator that has used up the pause aborts its switch by itself.
        String before = aborting ? "switch.drained=pause:1700\n" : "";
        JavaProcess coordinator = commands.start(before + point.word() + "=" + action + "\n", words);
        boolean rival = random.nextInt(3) == 0;
        JavaProcess other = rival ? commands.start("", words(to)) : null;
        try {
            Waiting.until(PROCESS, MOMENT.dividedBy(10), () -> !coordinator.alive() || coordinator.stopped());
            if (coordinator.stopped()) {
                settleSomehow();
                coordinator.resume();
                Waiting.until(PROCESS, MOMENT.dividedBy(10), () -> !coordinator.alive());
            } else {
                settleSomehow();
            }
            if (other != null) {
                Waiting.until(PROCESS, MOMENT.dividedBy(10), () -> !other.alive());
            }
            LOG.info(
                    "a coordinator to {} met {}={}{}: {}",
                    to,
                    point.word(),
                    action,
                    rival ? " and a rival" : "",
                    coordinator.lastWords());
        } finally {
            coordinator.close();
            if (other != null) {
                other.close();
            }
        }
    }

    /** Somebody resumes, somebody aborts, or nobody does anything and the worker's watchdog has to. */
    private void settleSomehow() {
        int who = random.nextInt(3);
        if (who < 2 && RegisterView.read(servers).filter(RegisterView::stable).isEmpty()) {
            commands.run("switch", who == 0 ? "--resume" : "--abort");
        }
    }

    /** Waits until no switch is under way; the watchdog of the workers sees to that. */
    private void settled() {
        insist(
                "settle",
                () -> RegisterView.read(servers).filter(RegisterView::stable).isPresent());
    }

    private Side truth() {
        return RegisterView.read(servers)
                .map(RegisterView::truth)
                .orElseThrow(() -> new ChaosFailedException("The register cannot be read.", null));
    }

    private static void insist(String what, BooleanSupplier attempt) {
        if (!Waiting.until(STEP, MOMENT, attempt::getAsBoolean)) {
            throw new ChaosFailedException(
                    "'" + what + "' did not come to an end within " + STEP.toSeconds() + " s.", null);
        }
    }
}
