package dev.cutover.coupon.issuance;

import dev.cutover.coupon.id.IssuanceId;
import java.util.HashMap;
import java.util.Map;

/**
 * Which tasks the workers of this process are at, so that a small one does not wait for a large one.
 *
 * <p>Idea: a worker that waits for a rate does nothing else. Two who wait for one rate are no quicker than one, and there is always one
 * worker who waits for none. Safe for many threads; one a process.
 */
public final class WorkShares {
    /** So many workers are of use to a process. */
    public static final int WORKERS = 4;

    private static final int WAITING = WORKERS - 1;
    private static final int TOGETHER = 2;

    private final Map<IssuanceId, Integer> workers = new HashMap<>();
    private int waiting;

    /** Whether a worker may begin with this task now; who may, leaves it again with the same task. */
    synchronized boolean enter(IssuanceTask task) {
        int there = workers.getOrDefault(task.id(), 0);
        if (rated(task) ? there > 0 || waiting == WAITING : there == TOGETHER) {
            return false;
        }
        workers.put(task.id(), there + 1);
        waiting += rated(task) ? 1 : 0;
        return true;
    }

    synchronized void leave(IssuanceTask task) {
        workers.computeIfPresent(task.id(), (id, there) -> there == 1 ? null : there - 1);
        waiting -= rated(task) ? 1 : 0;
    }

    private static boolean rated(IssuanceTask task) {
        return task.tunables().rate() > 0 && task.state() == IssuanceState.RUNNING;
    }
}
