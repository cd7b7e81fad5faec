package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.core.topology.Side;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** The stream carries the last writes over; a marker shows when. */
final class StreamCarryOver implements CarryOver {
    // Longer than a drain takes where nothing is in the way.
    private static final Duration LONG = Duration.ofMillis(250);

    private final StepContext context;
    private final Side to;
    private final Drain drain;
    private final FinalCheck check;
    private Map<String, List<String>> markers = Map.of();

    StreamCarryOver(StepContext context, Side to) {
        this.context = context;
        this.to = to;
        this.drain = new Drain(context, to.other());
        this.check = new FinalCheck(context);
    }

    @Override
    public void prepare() throws SQLException {
        check.prepare();
    }

    // The way back must be open also where nothing was verified since.
    @Override
    public Optional<VerificationRecord> reliesOn() {
        return to == Side.NEW ? VerificationGate.lastFull(context) : Optional.empty();
    }

    @Override
    public void mark(Epoch epoch, SwitchClock clock) throws SQLException {
        markers = drain.mark(epoch);
        clock.reached(SwitchPoint.MARKED);
    }

    @Override
    public void everything(SwitchClock clock, Supplier<Duration> left, Obstacle obstacle) throws SQLException {
        List<String> late = drain.await(markers, shorter(left.get()));
        while (!late.isEmpty()) {
            obstacle.requireNone();
            Duration rest = left.get();
            if (rest.isZero()) {
                throw new SwitchStoppedException(
                        "The markers have not arrived everywhere within the write pause.", late);
            }
            late = drain.await(markers, shorter(rest));
        }
        clock.reached(SwitchPoint.DRAINED);
    }

    private static Duration shorter(Duration left) {
        return left.compareTo(LONG) < 0 ? left : LONG;
    }

    @Override
    public long check(Epoch epoch, Supplier<Duration> left) throws SQLException {
        List<Callable<Integer>> looks = new ArrayList<>();
        looks.add(check::run);
        looks.add(() -> {
            StrayGate.requireNone(context, to, epoch, left.get());
            return 0;
        });
        return Together.call(context.threads(), looks).get(0);
    }
}
