package dev.cutover.cli.step;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.plan.Stock;
import dev.cutover.core.stage.Register;
import dev.cutover.core.topology.Side;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Moves what needs more than one row: id counters and stock. Owned by one attempt of a switch.
 *
 * <p>Everything is written under the fence of the side being switched to, still {@code (replica, e)}, and replaces whatever an earlier
 * epoch left there: an attempt that dies or is aborted leaves nothing that a later one would add to.
 */
final class HandoverStep {
    private final StepContext context;
    private final Side to;
    private final Epoch replicaEpoch;
    private final SequenceHandover sequences;
    private final @Nullable StockToSlices cut;
    private final @Nullable SlicesToStock fold;

    HandoverStep(StepContext context, Register stable, Side to) {
        this.context = context;
        this.to = to;
        this.replicaEpoch = stable.epoch();
        this.sequences = new SequenceHandover(context, replicaEpoch);
        Stock stock = context.plan().handover().stock();
        this.cut = stock == null || to == Side.OLD ? null : new StockToSlices(context, stock, replicaEpoch);
        this.fold = stock == null || to == Side.NEW ? null : new SlicesToStock(context, stock, replicaEpoch);
    }

    /** Before the pause: whatever takes longer than the pause may. */
    void prepare() throws SQLException {
        if (cut != null) {
            cut.prepare();
        }
    }

    /** Under the closed fences; returns what was handed over, a line each. */
    List<String> finish() throws SQLException {
        List<String> lines = new ArrayList<>(to == Side.NEW ? sequences.toNew() : sequences.toOld());
        if (cut != null) {
            lines.add(cut.finish());
        }
        if (fold != null) {
            lines.add(fold.finish());
        }
        return lines;
    }
}
