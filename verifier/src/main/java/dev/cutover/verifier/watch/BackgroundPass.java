package dev.cutover.verifier.watch;

import dev.cutover.core.CutoverException;
import dev.cutover.core.stage.ControlDatabase;
import dev.cutover.core.stage.Register;
import dev.cutover.core.stage.Stage;
import dev.cutover.core.topology.Topology;
import dev.cutover.verifier.Pace;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.VerificationStoppedException;
import dev.cutover.verifier.Verifier;
import dev.cutover.verifier.VerifyListener;
import dev.cutover.verifier.VerifyOptions;
import dev.cutover.verifier.recheck.Pause;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A full pass that gives way: one key range at a time, held back while others need the servers more, and ended without a verdict when the
 * migration moves under it or its owner wants it to end.
 *
 * <p>It takes no lock, so people may switch, copy or verify meanwhile. Passes of one series go on with what an interrupted one has proven.
 * Safe for many threads; one pass at a time.
 */
public final class BackgroundPass {
    private static final Duration ROUND = Duration.ofSeconds(5);
    private static final Duration HELD = Duration.ofMillis(200);

    private final Topology topology;
    private final ControlDatabase control;
    private final String series;
    private final Supplier<Optional<String>> hold;
    private final Pause pause = new Pause();
    private volatile boolean ended;

    /**
     * A pass, not begun.
     *
     * @param series whose passes go on with each other
     * @param hold why it must wait now; empty when it may go on
     */
    public BackgroundPass(Topology topology, ControlDatabase control, String series, Supplier<Optional<String>> hold) {
        this.topology = topology;
        this.control = control;
        this.series = series;
        this.hold = hold;
    }

    /** How a pass ended. */
    public enum Kind {
        /** With a verdict, which is recorded. */
        DONE,
        /** Something could not be read; that is recorded, too. */
        FAILED,
        /** Before its time; nothing is recorded. */
        STOPPED,
        /** It was not begun: at this stage there is nothing to compare. */
        UNFIT
    }

    /**
     * What came of it.
     *
     * @param report null unless it is DONE
     * @param sentence why it is not DONE; empty when it is
     */
    public record Outcome(Kind kind, @Nullable VerificationReport report, String sentence, Duration took) {}

    /** Why nothing can be compared while the register says this; empty when it can. */
    static Optional<String> unfit(Register register) {
        if (register.phase() != Register.Phase.STABLE) {
            return Optional.of("a switch is under way");
        }
        if (!register.stage().atLeast(Stage.DYNAMIC_COPIED) || register.stage().atLeast(Stage.COMPLETED)) {
            return Optional.of("the rows of both sides are not compared at stage " + register.stage());
        }
        return Optional.empty();
    }

    /** Runs it to its end. */
    public Outcome run(Set<String> tables, VerifyListener listener) {
        long begun = System.nanoTime();
        try {
            Register register = control.read();
            Optional<String> unfit = unfit(register);
            if (unfit.isPresent()) {
                return outcome(Kind.UNFIT, null, unfit.get(), begun);
            }
            VerifyOptions options = new VerifyOptions(tables, false, listener)
                    .withSettleBound(topology.plan().switchPlan().maxLag().plus(ROUND))
                    .inTheBackground(series, pace(register));
            return outcome(Kind.DONE, new Verifier(topology.plan(), topology, control).verifyOnce(options), "", begun);
        } catch (VerificationStoppedException e) {
            return outcome(Kind.STOPPED, null, String.valueOf(e.getMessage()), begun);
        } catch (CutoverException e) {
            return outcome(Kind.FAILED, null, String.valueOf(e.getMessage()), begun);
        }
    }

    private static Outcome outcome(Kind kind, @Nullable VerificationReport report, String sentence, long begun) {
        return new Outcome(kind, report, sentence, Duration.ofNanos(System.nanoTime() - begun));
    }

    private Pace pace(Register began) {
        return () -> {
            while (true) {
                if (ended) {
                    throw new VerificationStoppedException("The pass was ended; the next goes on where it was.");
                }
                Register now = control.read();
                if (!now.epoch().equals(began.epoch())
                        || now.truth() != began.truth()
                        || unfit(now).isPresent()) {
                    throw new VerificationStoppedException("The migration has moved to " + now.stage() + ", epoch "
                            + now.epoch() + "; the pass ends without a verdict.");
                }
                if (hold.get().isEmpty()) {
                    return;
                }
                pause.on(HELD);
            }
        };
    }

    /** Lets a running pass end after the ranges in hand, and any later one at once. */
    public void end() {
        ended = true;
    }
}
