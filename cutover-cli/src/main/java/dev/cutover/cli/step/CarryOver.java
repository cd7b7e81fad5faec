package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.topology.Side;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Supplier;

/** How the last writes get to the other side while the fences of the one being left are closed. Owned by one attempt of a switch. */
interface CarryOver {
    /** Before the claim: whatever need not happen in the pause. */
    void prepare() throws SQLException;

    /** Returns when everything has arrived; stops the switch when it has not in the time that is left. */
    void everything(Epoch epoch, SwitchClock clock, Supplier<Duration> left) throws SQLException;

    /** Compares what can be compared in the pause; returns how many rows, stops the switch when one differs. */
    long check(Side to) throws SQLException;
}
