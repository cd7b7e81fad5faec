package dev.cutover.chaos.checker;

import dev.cutover.chaos.checker.CheckReport.ClosedWindow;
import dev.cutover.chaos.checker.FenceWatch.Role;
import dev.cutover.chaos.history.Side;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** I14: how long nobody could write, switch by switch, and whether somebody can in the end. Owned by one thread. */
final class ClosedWindows {
    /** A switch as the fences show it. */
    private static final class Window {
        private final Side from;
        private long closedAt = Long.MAX_VALUE;
        private @Nullable Side opened;
        private final Map<FenceWatch, Long> openedAt = new HashMap<>();

        Window(Side from) {
            this.from = from;
        }
    }

    private final TreeMap<Long, Window> windows = new TreeMap<>();
    private final Collection<FenceWatch> fences;

    ClosedWindows(Collection<FenceWatch> fences) {
        this.fences = fences;
    }

    void moved(FenceWatch fence, LoggedTransaction transaction) {
        if (fence.role == Role.CLOSING) {
            Window window = windows.computeIfAbsent(fence.epoch, any -> new Window(fence.side));
            window.closedAt = Math.min(window.closedAt, transaction.committedMicros());
        } else if (fence.role == Role.PRIMARY) {
            Window window = windows.get(fence.epoch);
            if (window != null) {
                window.opened = fence.side;
                window.openedAt.putIfAbsent(fence, transaction.committedMicros());
            }
        }
    }

    /** When the first fence of a side closed for an epoch; empty as a number that is never reached. */
    long closedAt(long epoch) {
        Window window = windows.get(epoch);
        return window == null ? Long.MIN_VALUE : window.closedAt;
    }

    List<ClosedWindow> settle(Layout.Ending ending, Findings findings) {
        List<ClosedWindow> closed = new ArrayList<>();
        windows.forEach((epoch, window) -> closed.add(settled(epoch, window)));
        ending.longestClosed().ifPresent(bound -> closed.forEach(window -> bounded(window, bound, findings)));
        ends(ending, findings);
        return closed;
    }

    private ClosedWindow settled(long epoch, Window window) {
        Side opened = window.opened;
        boolean all = opened != null
                && fences.stream().filter(fence -> fence.side == opened).allMatch(window.openedAt::containsKey);
        long end = window.openedAt.values().stream()
                .mapToLong(Long::longValue)
                .max()
                .orElse(window.closedAt);
        return new ClosedWindow(
                epoch,
                window.from.name(),
                window.from.other().name(),
                !all ? "OPEN" : opened == window.from ? "ABORT" : "COMMIT",
                window.closedAt,
                (end - window.closedAt) / 1000);
    }

    private static void bounded(ClosedWindow window, Duration bound, Findings findings) {
        if (window.millis() > bound.toMillis()) {
            findings.add(
                    "I14",
                    "no switch keeps writers out for longer than the bound",
                    () -> "epoch " + window.epoch() + ", " + window.from() + " to " + window.to() + " ("
                            + window.outcome() + "): closed for " + window.millis() + " ms, the bound is "
                            + bound.toMillis() + " ms");
        }
    }

    private void ends(Layout.Ending ending, Findings findings) {
        long epoch = fences.stream().mapToLong(fence -> fence.epoch).max().orElse(0);
        for (FenceWatch fence : fences) {
            Role expected = fence.side == ending.truth() ? Role.PRIMARY : Role.REPLICA;
            if (fence.role != expected || (expected == Role.PRIMARY && fence.epoch != epoch)) {
                findings.add(
                        "I14",
                        "in the end the truth is open and the other side follows",
                        () -> fence.place + " is left with the " + fence.fence() + "; the truth is " + ending.truth()
                                + " in epoch " + epoch);
            }
        }
    }
}
