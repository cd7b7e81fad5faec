package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.FenceWatch.Position;
import org.jspecify.annotations.Nullable;

/** I10, positions: within an epoch of a stream they only grow, and so does who owns them. Stateless. */
final class PositionRules {
    private PositionRules() {}

    /** A row of cutover_position: stream, epoch, owner, gtid_set. */
    static void moved(FenceWatch fence, RowChange row, LoggedTransaction transaction, Findings findings) {
        RowImage after = row.after();
        if (after == null) {
            RowImage before = row.before();
            if (before != null) {
                fence.positions.remove(before.text(0));
                findings.add(
                        "I10",
                        "a position is never taken back",
                        () -> "the one of stream " + before.text(0) + " in " + fence.place + " was deleted at "
                                + transaction.where());
            }
            return;
        }
        String stream = after.text(0);
        @Nullable Position before = fence.positions.get(stream);
        String text = after.text(3);
        Position now = before != null && before.text().equals(text)
                ? new Position(after.number(1), after.number(2), before.set(), text)
                : new Position(after.number(1), after.number(2), GtidRanges.parse(text), text);
        fence.positions.put(stream, now);
        if (before == null) {
            return;
        }
        if (now.epoch() < before.epoch() || now.owner() < before.owner()) {
            findings.add(
                    "I10",
                    "epoch and owner of a position only grow",
                    () -> "stream " + stream + " in " + fence.place + " went from epoch " + before.epoch() + ", owner "
                            + before.owner() + " to epoch " + now.epoch() + ", owner " + now.owner() + " at "
                            + transaction.where());
        }
        if (now.epoch() == before.epoch() && !now.set().contains(before.set())) {
            findings.add(
                    "I10",
                    "a position holds all it held before",
                    () -> "stream " + stream + " in " + fence.place + ", epoch " + now.epoch() + ": from "
                            + before.text() + " to " + now.text() + " at " + transaction.where());
        }
    }
}
