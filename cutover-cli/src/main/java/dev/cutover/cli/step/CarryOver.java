package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.stage.VerificationRecord;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** How the last writes get to the other side while the fences of the one being left are closed. Owned by one attempt of a switch. */
interface CarryOver {
    /** Before the claim: whatever need not happen in the pause. */
    void prepare() throws SQLException;

    /** The verification this relies on; empty when it compares everything itself. */
    Optional<VerificationRecord> reliesOn();

    /** Once every fence is closed: says behind what everything was written. */
    void mark(Epoch epoch, SwitchClock clock) throws SQLException;

    /** Returns when everything has arrived; stops the switch when it has not in the time that is left. */
    void everything(SwitchClock clock, Supplier<Duration> left, Obstacle obstacle) throws SQLException;

    /** Asked when it takes long; stops the switch when what it waits for may never come. */
    @FunctionalInterface
    interface Obstacle {
        void requireNone() throws SQLException;
    }

    /** Looks at what can be looked at in the pause; returns how many rows were compared, stops the switch when something is not right. */
    long check(Epoch epoch, Supplier<Duration> left) throws SQLException;
}
