package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.stage.VerificationRecord;
import dev.cutover.migrator.ColdCopy;
import dev.cutover.verifier.VerificationReport;
import dev.cutover.verifier.Verifier;
import dev.cutover.verifier.VerifyOptions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Everything is copied while nobody writes, and everything is compared. */
final class ColdCarryOver implements CarryOver {
    private final StepContext context;
    private final Epoch replicaEpoch;

    ColdCarryOver(StepContext context, Epoch replicaEpoch) {
        this.context = context;
        this.replicaEpoch = replicaEpoch;
    }

    @Override
    public void prepare() throws SQLException {
        NewTables.emptyDynamic(context, replicaEpoch);
    }

    @Override
    public Optional<VerificationRecord> reliesOn() {
        return Optional.empty();
    }

    @Override
    public void mark(Epoch epoch, SwitchClock clock) {
        // What was written is read where it stands.
    }

    @Override
    public void everything(SwitchClock clock, Supplier<Duration> left, Obstacle obstacle) {
        ColdCopy.run(context.plan(), context.topology(), context.control(), CopyLines.listener(context.narrator()));
        clock.reached(SwitchPoint.DRAINED);
        if (left.get().isZero()) {
            throw new SwitchStoppedException("The copy took longer than the switch may take.");
        }
    }

    @Override
    public long check(Epoch epoch, Supplier<Duration> left) {
        VerificationReport report =
                new Verifier(context.plan(), context.topology(), context.control()).verifyOnce(VerifyOptions.quiet());
        if (!VerificationRows.equal(report)) {
            throw new SwitchStoppedException(
                    "The copy is not equal: " + report.verdict() + ".", VerificationRows.lines(report, 10));
        }
        return report.rowsCompared();
    }
}
