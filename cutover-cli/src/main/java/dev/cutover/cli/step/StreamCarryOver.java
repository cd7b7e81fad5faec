package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.Side;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The stream carries the last writes over; a marker shows when. */
final class StreamCarryOver implements CarryOver {
    private final Drain drain;
    private final FinalCheck check;

    StreamCarryOver(StepContext context, Side to) {
        this.drain = new Drain(context, to.other());
        this.check = new FinalCheck(context);
    }

    @Override
    public void prepare() throws SQLException {
        check.prepare();
    }

    @Override
    public void everything(Epoch epoch, SwitchClock clock, Supplier<Duration> left) throws SQLException {
        Map<String, List<String>> markers = drain.mark(epoch);
        clock.reached(SwitchPoint.MARKED);
        drain.await(markers, left.get());
        clock.reached(SwitchPoint.DRAINED);
    }

    @Override
    public long check(Side to) throws SQLException {
        return check.run();
    }
}
