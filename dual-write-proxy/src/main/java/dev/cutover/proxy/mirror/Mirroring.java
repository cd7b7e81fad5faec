package dev.cutover.proxy.mirror;

import dev.cutover.core.fence.Epoch;
import dev.cutover.core.row.RowKey;
import dev.cutover.core.topology.Side;
import java.util.Map;
import java.util.Set;

/**
 * What a committed unit touched, waiting to be brought to one database of the other side.
 *
 * @param truth the side the unit was committed on
 * @param slot the slot its rows belong to
 * @param touched keys on the side of the truth, by the plan's table
 * @param stream the stream that delivers the unit's transaction, too
 * @param gtid the unit's transaction
 * @param acceptedAt {@link System#nanoTime} of its hand-over
 */
record Mirroring(
        Side truth,
        int slot,
        Map<String, Set<RowKey>> touched,
        String stream,
        Epoch epoch,
        String gtid,
        long acceptedAt) {
    boolean goesWith(Mirroring other) {
        return stream.equals(other.stream) && epoch.equals(other.epoch);
    }

    /** The same transaction where some of its rows have moved to. */
    Mirroring movedTo(int newSlot, Map<String, Set<RowKey>> rows) {
        return new Mirroring(truth, newSlot, rows, stream, epoch, gtid, acceptedAt);
    }
}
